"""The sessions as they are now, for whoever looks: asked of the server only then, told and not kept."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pgvigil.catalog.types import Query, Shape
from pgvigil.collect.asking import request_for
from pgvigil.collect.binding import words_of
from pgvigil.collect.cleaning import Cleaner, WrongColumnsError
from pgvigil.collect.layout import Row
from pgvigil.collect.series import Moment
from pgvigil.collect.tools import Tools
from pgvigil.pg import Failure, Reply, Request

_MOST_PATIENT = 100
"""Readers that wait at a time: a page is one, and asks once in a second."""


@dataclass(frozen=True, slots=True)
class Glance:
    """All sessions at one moment: `ts` in microseconds on the server's clock, `names` the columns of `rows`, `blockers`
    the processes in the way of each that waits for a lock. `failure` says why there are none."""

    ts: int
    incarnation: int
    names: tuple[str, ...] = ()
    rows: Sequence[Row] = ()
    blockers: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    failure: str | None = None


class Glances:
    """Whoever waits is told at the next look of the sampler."""

    def __init__(self, tools: Tools) -> None:
        self._station = tools.station
        self._query: Query | None = None
        self._cleaner: Cleaner | None = None
        self._waiting: list[asyncio.Future[Glance]] = []
        self._found: Glance | None = None

    def next(self) -> asyncio.Future[Glance]:
        """The sessions at the next look; whoever has waited longest goes without where too many wait."""
        future: asyncio.Future[Glance] = asyncio.get_running_loop().create_future()
        self._waiting = [each for each in self._waiting if not each.done()][-_MOST_PATIENT:]
        self._waiting.append(future)
        return future

    def choose(self) -> None:
        """Take the query for what the server is now."""
        chosen = next((each for each in self._station.queries.values() if each.probe.shape is Shape.LIVE), None)
        if chosen != self._query:
            self._query = chosen
            self._cleaner = None if chosen is None else self._station.cleaner(chosen)

    def requests(self, steady: float) -> list[Request]:
        """What to ask in this second: nothing while nobody looks."""
        query = self._query
        if query is None or not any(not each.done() for each in self._waiting):
            return []
        if self._station.memory.resting(query.probe.name, steady) is not None:
            return []
        capabilities = self._station.known().capabilities
        return [request_for(query, capabilities, self._station.limit(query.probe.name))]

    def take(self, replies: Sequence[Reply], moment: Moment) -> None:
        """What came of it."""
        for reply in replies:
            self._found = self._read(reply, moment)

    def tell(self, blockers: Mapping[int, tuple[int, ...]]) -> None:
        """Hand over what was found in this second, with who is in whose way."""
        found, self._found = self._found, None
        if found is None:
            return
        waiting, self._waiting = self._waiting, []
        told = Glance(found.ts, found.incarnation, found.names, found.rows, blockers, found.failure)
        for each in waiting:
            if not each.done():
                each.set_result(told)

    def _read(self, reply: Reply, moment: Moment) -> Glance:
        incarnation, memory = self._station.known().incarnation, self._station.memory
        if isinstance(reply, Failure):
            memory.failed(reply.name, reply, words_of(reply), moment.steady)
            return Glance(moment.ts, incarnation, failure=words_of(reply))
        memory.worked(reply.name)
        try:
            rows = [] if self._cleaner is None else self._cleaner(reply.rows)
        except WrongColumnsError as error:
            return Glance(moment.ts, incarnation, failure=str(error))
        return Glance(moment.ts, incarnation, tuple(reply.names), rows)
