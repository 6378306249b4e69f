"""One stretch of watching a target: everything between finding out where counting left off and handing over."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from pgvigil.catalog import Catalog
from pgvigil.catalog.types import Takes
from pgvigil.collect.clock import Clocks, ServerClock
from pgvigil.collect.dialing import Dialer
from pgvigil.collect.edges import Edges
from pgvigil.collect.glances import Glance
from pgvigil.collect.governor import BUDGET, Governor
from pgvigil.collect.heart import Heart
from pgvigil.collect.keeper import Keeper
from pgvigil.collect.line import Door, Line
from pgvigil.collect.live import Hub
from pgvigil.collect.logcost import LogCost, log_cost
from pgvigil.collect.outbox import Outbox
from pgvigil.collect.passes import Passes
from pgvigil.collect.post import Post
from pgvigil.collect.reporting import Reporter
from pgvigil.collect.roaming import VisitRounds
from pgvigil.collect.rounds import Rounds
from pgvigil.collect.sampler import Sampler
from pgvigil.collect.station import Station
from pgvigil.collect.stretched import Stretch, stretched
from pgvigil.collect.telling import Telling
from pgvigil.collect.texts import DEFAULT_TAGS, PROCESS_SALT
from pgvigil.collect.tools import Tools
from pgvigil.collect.visits import Visits
from pgvigil.collect.watching import SamplerLoop
from pgvigil.model import Capabilities, Target

PARTING = 1.0
"""Seconds granted to the keeper at the end."""

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


class Shift:
    """Watches until cancelled; then `leave`."""

    def __init__(
        self,
        target: Target,
        catalog: Catalog,
        keeper: Keeper,
        options: Options,
        hub: Hub,
        reporter: Reporter,
        noticed: Callable[[str], None],
    ) -> None:
        clock = ServerClock(options.clocks)
        self._tools = Tools(
            Station(target, catalog, keeper, salt=options.salt, allowed_tags=options.allowed_tags),
            _governor(catalog, options.budget),
            reporter,
            hub,
            options.clocks,
            clock,
            Heart(options.clocks, clock),
        )
        telling = Telling(self._tools.station)
        passes = Passes(self._tools, telling)
        self._dialer = Dialer(target, noticed)
        door = Door(self._dialer, reporter)
        self._lines = (Line(door), Line(door))
        refused = self._tools.station.refused
        sampled = Outbox(keeper.append, _SAMPLER_POSTS, refused)
        boxes = (sampled, *(Outbox(keeper.append, _PASS_POSTS, refused) for _ in range(2)))
        self._posts = tuple(Post(box, hub, reporter, lambda: keeper.state) for box in boxes)
        self._sampler = Sampler(self._tools, telling, sampled)
        self._sample_every = options.sample_every
        self._edges = Edges(self._tools, telling, sampled, options.sample_every)
        self._sampling = SamplerLoop(
            self._tools, self._sampler, self._edges, self._lines[0], self._posts[0], options.sample_every
        )
        self._rounds = Rounds(self._tools, passes, self._lines[1], self._posts[1])
        visits = Visits(self._tools.station, self._dialer, passes, options.clocks.steady)
        self._visits = VisitRounds(self._tools, visits, self._posts[2])

    @property
    def capabilities(self) -> Capabilities | None:
        """What the server lets us see; None until it was reached."""
        standing = self._tools.station.standing
        return None if standing is None else standing.capabilities

    @property
    def log_cost(self) -> LogCost | None:
        """What the server's log takes of ours; None where that is nothing, or not known yet."""
        station, found = self._tools.station, self.capabilities
        if found is None:
            return None
        databases = 1 if found.pooled else station.databases
        return log_cost(found, station.queries.values(), databases, looks_soon=station.may_come_into_sight())

    @property
    def stretched(self) -> tuple[Stretch, ...]:
        """The probes that are asked less often because of what they cost."""
        station = self._tools.station
        periods = {name: station.period(name) for name in station.queries}
        if self._sampler.name in periods:
            periods[self._sampler.name] = self._sample_every
        return (*stretched(self._tools.governor, periods), *self._edges.stretched)

    def glance(self) -> asyncio.Future[Glance]:
        """The sessions at the next look of the sampler."""
        return self._sampler.glances.next()

    def look_now(self) -> None:
        """Have a pass made at once."""
        self._rounds.look_now()

    async def run(self) -> None:
        """Sample, pass and visit, side by side."""
        async with asyncio.TaskGroup() as together:
            together.create_task(self._sampling.run())
            together.create_task(self._rounds.run())
            together.create_task(self._visits.run())

    async def leave(self) -> None:
        """Close the connections and hand over what was seen, as far as the keeper takes it within PARTING."""
        self._sampling.end()
        for line in self._lines:
            line.close()
        self._dialer.close()
        if self._tools.station.standing is not None:
            self._sampler.end()
        with suppress(TimeoutError):
            async with asyncio.timeout(PARTING):
                for post in self._posts:
                    await post.deliver()


def _governor(catalog: Catalog, budget: float) -> Governor:
    probes = catalog.probes.values()
    return Governor(
        budget,
        spared=frozenset(probe.name for probe in probes if probe.on_sampler),
        fixed=frozenset(probe.name for probe in probes if probe.takes is Takes.KEYS),
    )
