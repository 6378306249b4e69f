"""Watches one target: samples, passes and visits side by side, and what came of them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

from pgvigil.catalog import Catalog
from pgvigil.collect.clock import Clocks, ServerClock
from pgvigil.collect.dialing import Dialer
from pgvigil.collect.governor import BUDGET, Governor
from pgvigil.collect.heart import Heart
from pgvigil.collect.keeper import Keeper
from pgvigil.collect.line import Door, Line
from pgvigil.collect.live import Hub, LiveEvent
from pgvigil.collect.outbox import Outbox
from pgvigil.collect.passes import Passes
from pgvigil.collect.post import Post
from pgvigil.collect.reporting import Reporter
from pgvigil.collect.rounds import Rounds, VisitRounds
from pgvigil.collect.sampler import Sampler
from pgvigil.collect.station import Station
from pgvigil.collect.telling import Telling
from pgvigil.collect.texts import DEFAULT_TAGS, PROCESS_SALT
from pgvigil.collect.visits import Visits
from pgvigil.collect.watching import SamplerLoop
from pgvigil.model import Capabilities, Target, TargetState

_log = logging.getLogger("pgvigil.collect")

_PARTING = 1.0
"""Seconds granted to the keeper when we are told to stop."""

_SAMPLER_POSTS = 60
_PASS_POSTS = 4


@dataclass(frozen=True, slots=True)
class Options:
    """How a target is watched. `salt` is a secret of the store, for markers of what is hidden; `sample_every` in
    seconds; `budget` the share of a core of the server that all of it may take."""

    salt: bytes = field(default=PROCESS_SALT, repr=False)
    allowed_tags: frozenset[str] = DEFAULT_TAGS
    sample_every: float = 1.0
    budget: float = BUDGET
    clocks: Clocks = field(default_factory=Clocks)


class Collector:
    """Watches one target from `run` to `stop`."""

    def __init__(self, target: Target, catalog: Catalog, keeper: Keeper, options: Options | None = None) -> None:
        options = options or Options()
        clocks = options.clocks
        self._target = target
        self._hub = Hub()
        self._reporter = Reporter(target.name, self._hub, clocks.wall, clocks.steady)
        self._station = Station(target, catalog, keeper, salt=options.salt, allowed_tags=options.allowed_tags)
        clock = ServerClock(clocks)
        heart = Heart(clocks, clock)
        governor = Governor(options.budget, spared=frozenset(p.name for p in catalog.probes.values() if p.on_sampler))
        telling = Telling(self._station)
        passes = Passes(self._station, telling, governor, clock, heart)
        self._dialer = Dialer(target, self._note)
        door = Door(self._dialer, self._reporter)
        self._lines = (Line(door), Line(door))
        sampled = Outbox(keeper.append, _SAMPLER_POSTS)
        self._posts = tuple(
            Post(outbox, self._hub, self._reporter)
            for outbox in (sampled, Outbox(keeper.append, _PASS_POSTS), Outbox(keeper.append, _PASS_POSTS))
        )
        self._sampler = Sampler(self._station, telling, governor, sampled, self._hub)
        self._sampling = SamplerLoop(
            self._sampler,
            self._lines[0],
            self._posts[0],
            heart,
            governor,
            self._reporter,
            clocks,
            clock,
            options.sample_every,
        )
        self._rounds = Rounds(
            self._station, passes, self._lines[1], self._posts[1], self._reporter, governor, clocks, clock
        )
        visits = Visits(self._station, self._dialer, passes)
        self._visits = VisitRounds(self._station, visits, self._posts[2], governor, clocks)
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
        standing = self._station.standing
        return None if standing is None else standing.capabilities

    def subscribe(self) -> AsyncIterator[LiveEvent]:
        """What it sees, as it sees it; a reader that is too slow misses the oldest."""
        return self._hub.subscribe()

    def look_now(self) -> None:
        """Have a pass made at once."""
        self._rounds.look_now()

    async def run(self) -> None:
        """Watch until `stop`, or until cancelled."""
        self._task = asyncio.current_task()
        try:
            async with asyncio.TaskGroup() as together:
                together.create_task(self._sampling.run())
                together.create_task(self._rounds.run())
                together.create_task(self._visits.run())
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        finally:
            await self._leave()

    async def stop(self) -> None:
        """End the watching: what was seen is handed over, as far as the keeper takes it within a second."""
        self._stopping = True
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _leave(self) -> None:
        for line in self._lines:
            line.close()
        self._dialer.close()
        if self._station.standing is not None:
            self._sampler.end()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PARTING):
                for post in self._posts:
                    await post.deliver()
        self._reporter.stopped()
        self._hub.close()

    def _note(self, note: str) -> None:
        if note not in self._noted:
            self._noted.add(note)
            _log.info("target %s: %s", self._target.name, note)
