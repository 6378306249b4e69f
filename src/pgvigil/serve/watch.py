"""What the API serves from: the store and whoever collects into it."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from pgvigil.analyse.queries import Reader
from pgvigil.catalog.panels import Panel
from pgvigil.catalog.rules import Rule
from pgvigil.catalog.types import Catalog
from pgvigil.catalog.waits import WaitEvent
from pgvigil.collect.glances import Glance
from pgvigil.collect.live import LiveEvent
from pgvigil.collect.logcost import LogCost
from pgvigil.collect.stretched import Stretch
from pgvigil.model import Capabilities, Invisible, KeeperState, Target, TargetState


class Watcher(Protocol):
    """What the API needs of a collector."""

    @property
    def target(self) -> Target:
        """Whom it watches."""
        ...

    @property
    def state(self) -> TargetState:
        """In what condition the watching is."""
        ...

    @property
    def capabilities(self) -> Capabilities | None:
        """What the server lets us see; None until it was reached."""
        ...

    @property
    def invisible(self) -> tuple[Invisible, ...]:
        """What its server does not show, each reason once."""
        ...

    @property
    def log_cost(self) -> LogCost | None:
        """What our statements add to the server's log; None where it logs none of them."""
        ...

    @property
    def stretched(self) -> tuple[Stretch, ...]:
        """The probes that are asked less often because of what they cost."""
        ...

    def hidden(self, probe: str) -> Invisible | None:
        """Why nothing of a probe can be seen; None where it can, or where that is not known yet."""
        ...

    async def glance(self) -> Glance:
        """The sessions at its next look; raises TimeoutError where none comes in time."""
        ...

    def subscribe(self) -> AsyncIterator[LiveEvent]:
        """What it sees, as it sees it."""
        ...


@dataclass(frozen=True, slots=True)
class Watch:
    """Everything the API serves from. `clock` gives the time in microseconds, `keeping` how the store takes what is
    collected."""

    store: Reader
    catalog: Catalog
    rules: Mapping[str, Rule]
    panels: Mapping[str, Panel]
    waits: Mapping[tuple[str, str], WaitEvent]
    watchers: Mapping[str, Watcher]
    clock: Callable[[], int]
    version: str
    keeping: Callable[[], KeeperState] = KeeperState
