"""Passes of load R as a collector would hand them over, from real rows and a seed.

Statements: 300 of 4,900 change in ten seconds, drawn with a Zipf skew of 1.2 (1,025 distinct in a minute, 4,850 in an
hour); what each of them brings is a real row of a statement as busy as it is, its times varied so that no value
repeats. Once an hour all of them come, as at a keyframe. All other probes repeat their real passes.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.pool import Pool, Readings, Row
from pgvigil.catalog.types import Catalog, Kind, Probe, Shape, Type
from pgvigil.model import Batch, Outcome, Value

SECOND = 1_000_000
HOUR = 3_600 * SECOND
STEP = 10.0
STATEMENTS = 4_900
CHANGED = 300
ZIPF = 1.2
STAYING = frozenset({"min_exec_time", "max_exec_time", "min_plan_time", "max_plan_time"})
"""Gauges that hardly move in the life of a statement."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One simulated statement: its key and what stays, by place in a row, and real rows to take the rest from."""

    fixed: dict[int, Value]
    rows: Sequence[Row]


class Statements:
    """Draws statements and makes their rows."""

    def __init__(
        self, probe: Probe, readings: Readings, seed: int, statements: int = STATEMENTS, changed: int = CHANGED
    ) -> None:
        self._random = np.random.default_rng(seed)
        self._count = statements
        self._changed = changed
        weights = 1.0 / np.arange(1, statements + 1) ** ZIPF
        self._cumulated = np.cumsum(weights / weights.sum())
        self._names = readings.names
        floats = [place for place, name in enumerate(readings.names) if _is_float(probe, name)]
        self._moving = [place for place in floats if readings.names[place] not in STAYING]
        self._still = [
            place
            for place, name in enumerate(readings.names)
            if name in probe.columns and probe.columns[name].kind is Kind.COUNTER
        ]
        rows = [row for rows in readings.passes for row in rows]
        self._digits = {place: _digits([row[place] for row in rows]) for place in self._moving}
        self._statements = self._invent(probe, rows)

    @property
    def queryids(self) -> list[int]:
        """Of all statements, the busiest first."""
        place = self._names.index("queryid")
        return [int(statement.fixed[place] or 0) for statement in self._statements]

    def changed(self) -> list[Row]:
        """What moved in ten seconds."""
        drawn = np.searchsorted(self._cumulated, self._random.random(4 * self._changed))
        _, first = np.unique(drawn, return_index=True)
        return [self._row(rank) for rank in drawn[np.sort(first)][: self._changed].tolist()]

    def everything(self) -> list[Row]:
        """What a keyframe brings: the rows that moved, and of the others all that is no counter."""
        moved = self.changed()
        key = self._names.index("queryid")
        seen = {row[key] for row in moved}
        return moved + [self._resting(it) for it in self._statements if it.fixed[key] not in seen]

    def _invent(self, probe: Probe, rows: Sequence[Row]) -> list[Statement]:
        keys = [self._names.index(name) for name in probe.key]
        stay = [*keys, *(self._names.index(name) for name in self._names if name in STAYING or name.endswith("_since"))]
        often = Counter(tuple(row[place] for place in keys) for row in rows)
        ranked = [key for key, _ in often.most_common()]
        by_key: dict[Row, list[Row]] = {key: [] for key in ranked}
        for row in rows:
            by_key[tuple(row[place] for place in keys)].append(row)
        queryid = self._names.index("queryid")
        invented = self._random.integers(-(2**62), 2**62, self._count).tolist()
        found = []
        for rank in range(self._count):
            # Beyond those that were really seen, statements are like the rarest of them.
            like = ranked[rank] if rank < len(ranked) else ranked[-1 - rank % (len(ranked) // 2 or 1)]
            mine = by_key[like]
            fixed = {place: mine[0][place] for place in stay}
            if rank >= len(ranked):
                fixed[queryid] = invented[rank]
                fixed |= {place: self._varied(place, fixed[place]) for place in stay if self._names[place] in STAYING}
            found.append(Statement(fixed, mine))
        return found

    def _row(self, rank: int) -> Row:
        statement = self._statements[rank]
        values = list(statement.rows[int(self._random.integers(len(statement.rows)))])
        for place in self._moving:
            if values[place]:
                values[place] = self._varied(place, values[place])
        for place, value in statement.fixed.items():
            values[place] = value
        return tuple(values)

    def _resting(self, statement: Statement) -> Row:
        values = list(statement.rows[0])
        for place in self._still:
            values[place] = 0.0 if isinstance(values[place], float) else 0
        for place, value in statement.fixed.items():
            values[place] = value
        return tuple(values)

    def _varied(self, place: int, value: Value) -> Value:
        """The value times 0.7 to 1.4, with as many digits as real ones have."""
        if not isinstance(value, float):
            return value
        product = value * (0.7 + 0.7 * float(self._random.random()))
        digits = self._digits.get(place, 6)
        if digits is not None:
            return round(product, digits)
        # A difference of two sums has the digits of their last bits.
        total = float(self._random.random()) * 1e4
        return (total + product) - total


def _is_float(probe: Probe, name: str) -> bool:
    return name in probe.columns and probe.columns[name].type is Type.FLOAT8


def _digits(values: Sequence[Value]) -> int | None:
    """How many decimals suffice for all values, None if more than nine."""
    floats = [value for value in values if isinstance(value, float)]
    return next((n for n in range(10) if all(value == round(value, n) for value in floats)), None)


class Passes:
    """All passes of load R, from a moment on."""

    def __init__(self, catalog: Catalog, pool: Pool, seed: int) -> None:
        self._probes = {name: probe for name, probe in catalog.probes.items() if name in pool.readings}
        self._pool = pool
        self._statements = Statements(catalog.probes["statements"], pool.readings["statements"], seed)

    def texts(self, ts: int) -> Batch:
        """The texts of all statements, as the probe of texts brings them."""
        known = list(self._pool.texts.values()) or ["select $1"]
        rows = [
            (queryid, self._pool.texts.get(queryid, known[place % len(known)]))
            for place, queryid in enumerate(self._statements.queryids)
        ]
        return Batch(1, 1, "queries", 1, 1, ts, None, Outcome.OK, 5.0, names=("queryid", "text"), rows=rows)

    def of(self, start: int, count: int, first: int = 1) -> Iterator[tuple[int, list[Batch]]]:
        """Moment and batches of `count` passes after `start`; `first` is the number of the first."""
        for number in range(first, first + count):
            ts = start + round((number - first + 1) * STEP * SECOND)
            due = [probe for probe in self._probes.values() if ts % round((probe.every or STEP) * SECOND) == 0]
            yield ts, [self._batch(probe, ts, number) for probe in due]

    def _batch(self, probe: Probe, ts: int, number: int) -> Batch:
        readings = self._pool.readings[probe.name]
        full = probe.keyframe is not None and ts % HOUR == 0
        if probe.name == "statements":
            rows: Sequence[Row] = self._statements.everything() if full else self._statements.changed()
        elif full and readings.full:
            rows = readings.full
        else:
            rows = readings.passes[number % len(readings.passes)] if readings.passes else ()
        counters = probe.shape is Shape.COUNTERS
        names = readings.names[:-1] if counters else readings.names
        last = [row[: len(names)] for row in rows] if probe.shape in {Shape.COUNTERS, Shape.SNAPSHOT} else ()
        return Batch(
            1, 1, probe.name, 1, number, ts, probe.every or STEP, Outcome.OK, 3.0, full, names=names, rows=rows,
            last=last, samples=10 if probe.shape is Shape.SAMPLES else None,
        )  # fmt: skip
