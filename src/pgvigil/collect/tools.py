"""What everything that watches one target has in common."""

from dataclasses import dataclass

from pgvigil.collect.clock import Clocks, ServerClock
from pgvigil.collect.governor import Governor
from pgvigil.collect.heart import Heart
from pgvigil.collect.live import Hub
from pgvigil.collect.reporting import Reporter
from pgvigil.collect.station import Station


@dataclass(frozen=True, slots=True)
class Tools:
    """`clocks` are ours, `clock` is the server's."""

    station: Station
    governor: Governor
    reporter: Reporter
    hub: Hub
    clocks: Clocks
    clock: ServerClock
    heart: Heart

    @property
    def phase(self) -> float:
        """Seconds by which the turns of this target are shifted, so that targets do not ask all at once."""
        return (self.station.target.id - 1) * 3.7 % 10.0
