"""A pg_stat_statements to the letter of its rules, for tests that need thousands of histories: entries count calls,
keep the smallest and largest time, can be reset and evicted, survive a clean stop and are lost in a crash."""

from dataclasses import dataclass, field

from pgvigil.catalog.types import Column, Kind, Rollup, Type
from pgvigil.collect.layout import Layout, Row, layout_of

Statement = tuple[int, int]
"""Role and queryid."""


def columns(*, born: bool) -> tuple[Column, ...]:
    made = [
        Column("userid", Kind.KEY, Type.OID, ""),
        Column("queryid", Kind.KEY, Type.INT8, ""),
        Column("calls", Kind.COUNTER, Type.INT8, ""),
        Column("total_exec_time", Kind.COUNTER, Type.FLOAT8, "", unit="ms"),
        Column("min_exec_time", Kind.GAUGE, Type.FLOAT8, "", unit="ms", rollup=Rollup.MIN),
        Column("max_exec_time", Kind.GAUGE, Type.FLOAT8, "", unit="ms", rollup=Rollup.MAX),
    ]
    if born:
        made.append(Column("stats_since", Kind.STATE, Type.TIMESTAMPTZ, ""))
    return tuple(made)


@dataclass(slots=True)
class Entry:
    born: int
    calls: int = 0
    total: float = 0.0
    smallest: float = 0.0
    largest: float = 0.0

    def call(self, time: float) -> None:
        self.smallest = min(self.smallest, time) if self.calls else time
        self.largest = max(self.largest, time)
        self.calls += 1
        self.total += time


@dataclass(slots=True)
class Pgss:
    """`born` says whether entries tell since when they count, as from extension 1.11 on; `apart` that no two calls take
    the same time, so that an entry never comes back to the very numbers it had."""

    born: bool
    room: int
    apart: bool = False
    now: int = 1_000
    entries: dict[Statement, Entry] = field(default_factory=dict)
    dealloc: int = 0
    reset_at: int = 0
    resets: int = 0
    made: dict[Statement, list[int]] = field(default_factory=dict)
    removed: dict[Statement, list[int]] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        return layout_of(columns(born=self.born), ("userid", "queryid"))

    def tick(self) -> int:
        self.now += 1_000
        return self.now

    def call(self, statement: Statement, time: float) -> None:
        self.tick()
        if statement not in self.entries and len(self.entries) >= self.room:
            self._evict()
        longer = self.now * 1e-7 if self.apart else 0.0
        self.entries.setdefault(statement, Entry(self.now)).call(time + longer)
        self.made.setdefault(statement, []).append(self.now)

    def reset_all(self) -> None:
        self.reset_at = self.tick()
        self._remove(list(self.entries))

    def reset_one(self, statement: Statement) -> None:
        self.tick()
        self._remove([statement] if statement in self.entries else [])
        self.resets += 1

    def crash(self) -> None:
        self.tick()
        self._remove(list(self.entries))
        self.dealloc, self.reset_at = 0, 0

    def rows(self) -> list[Row]:
        self.tick()
        return [self._row(statement, entry) for statement, entry in self.entries.items()]

    def _evict(self) -> None:
        victims = sorted(self.entries, key=lambda each: self.entries[each].calls)[: max(1, self.room // 20)]
        self._remove(victims)
        self.dealloc += 1

    def _remove(self, victims: list[Statement]) -> None:
        for victim in victims:
            del self.entries[victim]
            self.removed.setdefault(victim, []).append(self.now)

    def _row(self, statement: Statement, entry: Entry) -> Row:
        row = (*statement, entry.calls, entry.total, entry.smallest, entry.largest)
        return (*row, entry.born) if self.born else row
