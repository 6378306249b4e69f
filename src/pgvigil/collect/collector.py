"""Watches one target from the first connection to the last, whatever happens in between."""

import asyncio
import logging
from collections.abc import AsyncIterator

from pgvigil.catalog import Catalog, choose, invisible
from pgvigil.collect.glances import Glance
from pgvigil.collect.keeper import Keeper
from pgvigil.collect.live import Hub, LiveEvent
from pgvigil.collect.logcost import LogCost
from pgvigil.collect.reporting import Problem, Reporter
from pgvigil.collect.shift import Options, Shift
from pgvigil.collect.stretched import Stretch
from pgvigil.model import Capabilities, Condition, Invisible, Target, TargetState, places

_log = logging.getLogger("pgvigil.collect")

PATIENCE = 4.0
"""Seconds for which whoever wants to see the sessions now waits: a look comes every second."""

_AGAIN = 5.0
"""Seconds between a mistake of ours and the next start."""


class Collector:
    """Watches one target from `run` to `stop`."""

    def __init__(self, target: Target, catalog: Catalog, keeper: Keeper, options: Options | None = None) -> None:
        self._target = target
        self._catalog = catalog
        self._keeper = keeper
        self._options = options or Options()
        clocks = self._options.clocks
        self._hub = Hub()
        self._reporter = Reporter(target.name, self._hub, clocks.wall, clocks.steady)
        self._shift = self._new_shift()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._noted: set[str] = set()

    @property
    def target(self) -> Target:
        """Whom it watches."""
        return self._target

    @property
    def state(self) -> TargetState:
        """In what condition the watching is."""
        return self._reporter.state

    @property
    def capabilities(self) -> Capabilities | None:
        """What the server lets us see; None until it was reached."""
        return self._shift.capabilities

    @property
    def invisible(self) -> tuple[Invisible, ...]:
        """What the server does not show, each reason once."""
        found = self.capabilities
        return () if found is None else invisible(self._catalog, found)

    @property
    def log_cost(self) -> LogCost | None:
        """What our statements add to the server's log, where it logs them."""
        return self._shift.log_cost

    @property
    def stretched(self) -> tuple[Stretch, ...]:
        """The probes that are asked less often because of what they cost, and why."""
        return self._shift.stretched

    def hidden(self, probe: str) -> Invisible | None:
        """Why nothing of a probe can be seen; None where it can, where that is not known yet, and for what is no probe
        of the catalog: the passes are our own, and always visible."""
        found, known = self.capabilities, self._catalog.probes.get(probe)
        chosen = choose(known, found) if known is not None and found is not None else None
        return chosen if isinstance(chosen, Invisible) else None

    def subscribe(self) -> AsyncIterator[LiveEvent]:
        """What it sees, as it sees it; a reader that is too slow misses the oldest."""
        return self._hub.subscribe()

    async def glance(self) -> Glance:
        """The sessions as they are at the next look, within the second; raises TimeoutError where none comes within
        PATIENCE."""
        async with asyncio.timeout(PATIENCE):
            return await self._shift.glance()

    def look_now(self) -> None:
        """Have a pass made at once."""
        self._shift.look_now()

    async def run(self) -> None:
        """Watch until `stop`, or until cancelled."""
        self._task = asyncio.current_task()
        try:
            while not self._stopping:
                await self._watch()
                await asyncio.sleep(_AGAIN)
                self._reporter.afresh()
                self._shift = self._new_shift()
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        finally:
            self._reporter.stopped()
            self._hub.close()

    async def stop(self) -> None:
        """End the watching: what was seen is handed over, as far as the keeper takes it within a second."""
        self._stopping = True
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _watch(self) -> None:
        """One shift. A mistake of ours ends it and not the watching: the next one starts from what was kept."""
        try:
            await self._shift.run()
        except* Exception as mistakes:  # noqa: BLE001 - the outermost loop of a target
            for place in places(mistakes):
                _log.error("target %s: a mistake in pgvigil: %s", self._target.name, place)
            self._reporter.trouble(
                "pgvigil",
                Problem(
                    Condition.LIMITED, "pgvigil made a mistake and starts again.", "The log says where; report it."
                ),
            )
        finally:
            await self._shift.leave()

    def _new_shift(self) -> Shift:
        return Shift(self._target, self._catalog, self._keeper, self._options, self._hub, self._reporter, self._note)

    def _note(self, note: str) -> None:
        if note not in self._noted:
            self._noted.add(note)
            _log.info("target %s: %s", self._target.name, note)
