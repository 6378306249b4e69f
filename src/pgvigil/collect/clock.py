"""The monitored server's clock, told from ours: asked now and then, carried on by our steady clock between.

An answer is taken for the middle between question and answer; the error is at most half the round trip.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, time_ns


def _wall() -> int:
    return time_ns() // 1_000


@dataclass(frozen=True, slots=True)
class Clocks:
    """Our clocks: `wall` gives microseconds since the epoch, `steady` seconds that never jump."""

    wall: Callable[[], int] = _wall
    steady: Callable[[], float] = monotonic


class ServerClock:
    """What time it is on the server, in microseconds; before it was first asked our own time."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._known: tuple[int, float] | None = None

    def set(self, server_now: int, sent: float, received: float) -> None:
        """Take over an answer: the question was `sent` and the answer `received` at these steady times."""
        self._known = (server_now, (sent + received) / 2)

    def now(self) -> int:
        """The time on the server."""
        if self._known is None:
            return self._clocks.wall()
        server_now, steady = self._known
        return server_now + round((self._clocks.steady() - steady) * 1e6)
