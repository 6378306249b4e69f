"""Looks at the sessions every second, on a connection of its own, and tells what it saw every ten seconds.

A heartbeat goes along every few seconds, so that a server that stops answering, or a lock on its catalog, is noticed
at once and not only by the next pass.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pgvigil.catalog.types import Query, Shape
from pgvigil.collect.asking import request_for
from pgvigil.collect.binding import Binder, words_of
from pgvigil.collect.buckets import Bucket, Buckets
from pgvigil.collect.cleaning import Cleaner, WrongColumnsError
from pgvigil.collect.glances import Glances
from pgvigil.collect.layout import Row
from pgvigil.collect.live import Sample
from pgvigil.collect.outbox import Outbox
from pgvigil.collect.passes import ELSEWHERE
from pgvigil.collect.series import Brought, Moment
from pgvigil.collect.telling import Telling
from pgvigil.collect.tools import Tools
from pgvigil.model import Gap, Outcome, Value
from pgvigil.pg import Failure, Reply, Request

DEADLINE = 3.0
"""Seconds within which a sample has to come, so that silence is told within five."""

_GAP = 20_000_000  # microseconds without a sample that make a gap


class Sampler:
    """One look at a time; `samples` counts those that came."""

    def __init__(self, tools: Tools, telling: Telling, outbox: Outbox) -> None:
        self.glances = Glances(tools)
        self._station = tools.station
        self._telling = telling
        self._governor = tools.governor
        self._outbox = outbox
        self._hub = tools.hub
        self._query: Query | None = None
        self._cleaner: Cleaner | None = None
        self._buckets: Buckets | None = None
        self._last: int | None = None
        self._away = "unreachable"
        self._incarnation: int | None = None
        self._gaps: list[Gap] = []

    @property
    def name(self) -> str:
        """The probe it counts; empty where sessions cannot be seen."""
        query = self._query
        return "" if query is None else query.probe.name

    async def ready(self) -> None:
        """Wait until it is known what the server is."""
        await self._station.ready.wait()

    def choose(self) -> None:
        """Take the query for what the server is now."""
        self.glances.choose()
        chosen = next((each for each in self._station.queries.values() if _is_samples(each)), None)
        incarnation = self._station.known().incarnation
        if chosen != self._query or incarnation != self._incarnation:
            self.end()  # still under the identity with which it was counted
            self._incarnation = incarnation
            self._query = chosen
            self._cleaner = None if chosen is None else self._station.cleaner(chosen)
            self._buckets = None if chosen is None else Buckets(chosen.columns)
            self._resume()

    def resting(self, steady: float) -> bool:
        """Whether it is left alone at this steady time because it failed."""
        return self._station.memory.resting(self.name, steady) is not None

    def requests(self, steady: float) -> list[Request]:
        """What to ask in this second, and what else whoever looks now wants to see."""
        if self._query is None or self.resting(steady):
            return []
        mine = request_for(self._query, self._station.known().capabilities, self._station.limit(self.name))
        return [mine, *self.glances.requests(steady)]

    def take(self, replies: Sequence[Reply], moment: Moment, round_trip_ms: float) -> None:
        """Count what came."""
        for reply in replies[:1]:
            self._count(reply, moment, round_trip_ms)
        self.glances.take(replies[1:], moment)

    def leave_out(self, ts: int) -> None:
        """Another server answered than the one whose sessions are counted."""
        if self._buckets is not None:
            self._post(self._buckets.failed(ts, ELSEWHERE))

    def end(self) -> None:
        """Hand over what was counted so far."""
        if self._buckets is not None:
            self._post(self._buckets.end())

    def _resume(self) -> None:
        """Nobody looked since what was kept before we began."""
        kept = None if self._query is None else self._station.kept(self.name)
        if kept is not None and self._last is None:
            self._last, self._away = kept.ts, "stopped"

    def _count(self, reply: Reply, moment: Moment, round_trip_ms: float) -> None:
        if self._buckets is None or self._cleaner is None or self._query is None:
            return
        elapsed_ms = max(0.0, reply.elapsed_ms - round_trip_ms)
        if isinstance(reply, Failure):
            reason = words_of(reply)
            self._station.memory.failed(self.name, reply, reason, moment.steady)
            self._post(self._buckets.failed(moment.ts, reason, elapsed_ms))
            return
        self._station.memory.worked(self.name)
        try:
            rows = self._cleaner(reply.rows)
        except WrongColumnsError as error:
            self._post(self._buckets.failed(moment.ts, str(error), elapsed_ms))
            return
        if self._last is not None and moment.ts - self._last > _GAP:
            self._gaps.append(Gap(self._last, moment.ts, self._away))
        self._last, self._away = moment.ts, "unreachable"
        self._post(self._buckets.add(moment.ts, rows, elapsed_ms))
        self._station.signal(self._query.probe, reply.names, rows)
        self._governor.record(self.name, elapsed_ms)
        self._mention(reply.names, rows)
        self._hub.publish(sample_of(moment.ts, reply.names, rows))

    def _mention(self, names: Sequence[str], rows: Sequence[Row]) -> None:
        if "queryid" in names:
            at = names.index("queryid")
            self._telling.mention("queryid", {row[at] for row in rows})

    def _post(self, bucket: Bucket | None) -> None:
        if bucket is None or self._buckets is None:
            return
        binder = Binder(self._station, bucket.until)
        gaps, self._gaps = tuple(self._gaps), []
        brought = Brought(self._buckets.names, bucket.secs, rows=bucket.rows, gaps=gaps)
        batch = replace(binder.filled(self.name, brought, bucket.elapsed_ms), samples=bucket.samples)
        if self._incarnation is not None:
            batch = replace(batch, incarnation=self._incarnation)
        if not bucket.samples:
            batch = replace(batch, outcome=Outcome.FAILED, reason=bucket.failures[0] if bucket.failures else None)
        self._outbox.post([batch])


def _is_samples(query: Query) -> bool:
    return query.probe.on_sampler and query.probe.shape is Shape.SAMPLES


def sample_of(ts: int, names: Sequence[str], rows: Sequence[Row]) -> Sample:
    """Active sessions by wait event type (None is CPU), and client connections by state, of one look."""
    state, wait, backend = (names.index(name) for name in ("state", "wait_event_type", "backend_type"))
    active: Counter[str | None] = Counter()
    connections: Counter[str | None] = Counter()
    for row in rows:
        if row[state] == "active" and row[backend] != "walsender":
            active[_word(row[wait])] += 1
        if row[backend] == "client backend":
            connections[_word(row[state])] += 1
    return Sample(ts, dict(active), dict(connections))


def _word(value: Value) -> str | None:
    return None if value is None else str(value)
