"""Texts of what facts mention: asked once per key, so many at a time."""

from collections.abc import Iterable, Mapping, Sequence

from pgvigil.catalog.types import Query, Takes
from pgvigil.collect.asking import PASS_DEADLINE, keys_parameter, request_for
from pgvigil.collect.layout import Row
from pgvigil.collect.series import CounterSeries
from pgvigil.collect.station import Station
from pgvigil.collect.wanted import TOLD_FOR, Wanted
from pgvigil.model import Value
from pgvigil.pg import Reply, Rows, Session


class Telling:
    """Knows what was told of each probe that takes keys."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._wanted: dict[str, Wanted] = {}
        self._incarnation: int | None = None
        self._aged = float("-inf")

    def mention(self, key: str, values: Iterable[Value]) -> None:
        """Samples bear these values of a key column. A statement that runs for the first time has no text yet, and
        moves when it ends: so there is no hurry."""
        for name, query in self._station.queries.items():
            if query.takes is Takes.KEYS and query.probe.key[0] == key:
                self._of(name).mention(values, moved=False)

    async def ask(
        self, session: Session, names: Sequence[str], replies: Mapping[str, Reply], now: float
    ) -> dict[str, Reply]:
        """Ask these probes for the keys that are wanted at `now` (seconds), those of `replies` included."""
        standing = self._station.known()
        if self._incarnation not in {None, standing.incarnation}:
            self._wanted.clear()  # the same keys mean something else now
        self._incarnation = standing.incarnation
        if now - self._aged >= TOLD_FOR:
            self._aged = now
            for wanted in self._wanted.values():
                wanted.age()
        asked: dict[str, list[Value]] = {}
        for name in names:
            self._mention_all(self._station.queries[name], replies)
            if keys := self._of(name).next():
                asked[name] = keys
        if not asked:
            return {}
        requests = [
            request_for(
                self._station.queries[name], standing.capabilities, self._station.limit(name), (keys_parameter(keys),)
            )
            for name, keys in asked.items()
        ]
        told = await session.run(requests, deadline=PASS_DEADLINE)
        for reply in told:
            if isinstance(reply, Rows):
                at = reply.names.index(self._station.queries[reply.name].probe.key[0])
                self._of(reply.name).tell(asked[reply.name], [row[at] for row in reply.rows])
        return {reply.name: reply for reply in told}

    def _of(self, name: str) -> Wanted:
        if name not in self._wanted:
            wanted = self._wanted[name] = Wanted()
            if (kept := self._station.kept(name)) is not None:
                at = kept.names.index(self._station.queries[name].probe.key[0])
                wanted.restore(row[at] for row in kept.rows)
        return self._wanted[name]

    def _mention_all(self, query: Query, replies: Mapping[str, Reply]) -> None:
        key = query.probe.key[0]
        for name, reply in replies.items():
            if isinstance(reply, Rows) and key in reply.names:
                at = reply.names.index(key)
                still, moved = self._apart(name, reply)
                wanted = self._of(query.probe.name)
                wanted.mention((row[at] for row in still), moved=False)
                wanted.mention(row[at] for row in moved)

    def _apart(self, name: str, reply: Rows) -> tuple[list[Row], list[Row]]:
        """The rows that did not move since the reading before, and those that did."""
        series = self._station.series(name)
        if not isinstance(series, CounterSeries):
            return [], list(reply.rows)
        if series.tracker.ts is None:
            return list(reply.rows), []
        still: list[Row] = []
        moved: list[Row] = []
        width = len(series.layout.names)
        for row in reply.rows:
            old = series.tracker.row(series.layout.key_of(row))
            (still if old == row[:width] else moved).append(row)
        return still, moved
