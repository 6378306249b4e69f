"""Asks who waits behind whom, right after a look that saw somebody wait, as often as a share of a core allows."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median

from pgvigil.catalog.types import Kind, Query, Rollup, Shape
from pgvigil.collect.asking import request_for
from pgvigil.collect.binding import Binder, words_of
from pgvigil.collect.outbox import Outbox
from pgvigil.collect.schedule import holds
from pgvigil.collect.series import Brought, Moment, Series
from pgvigil.collect.stretched import Stretch
from pgvigil.collect.telling import Telling
from pgvigil.collect.tools import Tools
from pgvigil.model import Outcome, PgvigilError, Value
from pgvigil.pg import Failure, Reply, Request

SHARE = 0.01
"""Of one core of the server: what this may take on average while it is asked."""

_RUNS = 8
_QUERYIDS = ("queryid", "blocker_queryid")


class Edges:
    """The one probe of edges that goes with the sampler. It is asked while its `when` holds; as soon as that ends, a
    reading without rows says so. `every` are the seconds between two looks."""

    def __init__(self, tools: Tools, telling: Telling, outbox: Outbox, every: float) -> None:
        self._station = tools.station
        self._telling = telling
        self._outbox = outbox
        self._usual = every
        self._query: Query | None = None
        self._series: Series | None = None
        self._costs: deque[float] = deque(maxlen=_RUNS)
        self._asked_at = float("-inf")
        self._read_at: float | None = None
        self.blockers: Mapping[int, tuple[int, ...]] = {}

    @property
    def every(self) -> float:
        """Seconds between two readings: as many as it takes for their cost to stay within SHARE of a core."""
        return max(self._usual, median(self._costs) / 1_000 / SHARE) if self._costs else self._usual

    @property
    def stretched(self) -> tuple[Stretch, ...]:
        """That it is asked less often than the sessions are looked at, and why."""
        if self._query is None or self._read_at is None or self.every < 2 * self._usual:
            return ()
        reason = (
            f"Takes {median(self._costs):.3g} ms of server time with so many that wait, so it is asked every "
            f"{self.every:.0f} s instead of every {self._usual:g} s: it may take {100 * SHARE:g} % of a core."
        )
        return (Stretch(self._query.probe.name, self.every, self._usual, reason),)

    def choose(self) -> None:
        """Take the query for what the server is now."""
        chosen = next((each for each in self._station.queries.values() if _is_edges(each)), None)
        self._query = chosen
        self._series = None if chosen is None else self._station.series(chosen.probe.name)

    def requests(self, steady: float) -> list[Request]:
        """What to ask after the look of this second."""
        query = self._query
        if query is None or self._station.memory.resting(query.probe.name, steady) is not None:
            return []
        # Looks come a little early or late by turns: half of one is no reason to leave it out.
        if not self._holds(query) or steady < self._asked_at + self.every - self._usual / 2:
            return []
        self._asked_at = steady
        limit = self._station.limit(query.probe.name)
        return [request_for(query, self._station.known().capabilities, limit)]

    def take(self, replies: Sequence[Reply], moment: Moment, round_trip_ms: float) -> None:
        """Keep who waits behind whom; or, once, that nobody does any more."""
        query = self._query
        if query is None:
            return
        for reply in replies:
            self._read(query, reply, moment, round_trip_ms)
        if not self._holds(query):
            self._station.memory.over(query.probe.name)
        if not replies and self._read_at is not None and not self._holds(query):
            self._read_at, self.blockers = None, {}
            self._costs.clear()
            names = tuple(column.name for column in query.columns)
            self._post(query, Brought(names, self._usual), moment, 0.0)

    def _read(self, query: Query, reply: Reply, moment: Moment, round_trip_ms: float) -> None:
        name, memory = query.probe.name, self._station.memory
        cost = max(0.0, reply.elapsed_ms - round_trip_ms)
        if isinstance(reply, Failure):
            memory.failed(name, reply, words_of(reply), moment.steady)
            self._outbox.post([Binder(self._station, moment.ts).failed(name, reply)])
            return
        memory.worked(name)
        self._costs.append(cost)
        try:
            brought = self._station.series(name).absorb(reply, moment)
        except PgvigilError as error:
            self._outbox.post([Binder(self._station, moment.ts).bare(name, Outcome.FAILED, str(error))])
            return
        secs = self._usual if self._read_at is None else min(moment.steady - self._read_at, 2 * self.every)
        self._read_at = moment.steady
        self._mention(brought)
        self.blockers = _blockers(brought)
        self._post(query, replace(brought, secs=secs, rows=_over(query, brought, secs)), moment, cost)

    def _post(self, query: Query, brought: Brought, moment: Moment, elapsed_ms: float) -> None:
        self._outbox.post([Binder(self._station, moment.ts).filled(query.probe.name, brought, elapsed_ms)])

    def _holds(self, query: Query) -> bool:
        return holds(query.probe.when, self._station.signals)

    def _mention(self, brought: Brought) -> None:
        for key in (name for name in _QUERYIDS if name in brought.names):
            at = brought.names.index(key)
            self._telling.mention("queryid", {row[at] for row in brought.rows})


def _is_edges(query: Query) -> bool:
    return query.probe.on_sampler and query.probe.shape is Shape.EDGES


def _over(query: Query, brought: Brought, secs: float) -> list[tuple[Value, ...]]:
    """The rows, their sums counted over so many seconds instead of over one."""
    sums = {
        brought.names.index(column.name)
        for column in query.columns
        if column.kind is Kind.GAUGE and column.rollup is Rollup.SUM
    }
    return [
        tuple(value * secs if at in sums and isinstance(value, float) else value for at, value in enumerate(row))
        for row in brought.rows
    ]


def _blockers(brought: Brought) -> dict[int, tuple[int, ...]]:
    waiter, blocker = (brought.names.index(name) for name in ("waiter", "blocker"))
    found: dict[int, tuple[int, ...]] = {}
    for row in brought.rows:
        one, other = row[waiter], row[blocker]
        if isinstance(one, int) and isinstance(other, int):
            found[one] = (*found.get(one, ()), other)
    return found
