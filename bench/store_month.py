"""Load R in fast motion through the real store, for `tests/store/test_month.py`: does the file stop growing?

Load R: 4,900 statements, about 300 of them changed in any reading (Zipf 1.2), beside sessions, tables, indexes and the
rest of the shipped probes; `share` makes it smaller. Every pass goes through append, and upkeep beside it.
"""

import resource
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.posts import commit, posts
from pgvigil.catalog.types import Column, Kind, Probe, Shape, Type
from pgvigil.model import Batch, Outcome, Value
from pgvigil.store import Store
from pgvigil.store.bounds import resident

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
START = 1_700_006_400 * SECOND
STATEMENTS = 4_900
CHANGED = 300
ROWS = {"tables": 60, "indexes": 80, "sessions": 25, "connections": 12, "databases": 3, "io": 20, "settings": 2}
"""Rows of a pass, of the probes that have more than one."""

RARE = ("local_", "temp_", "jit_", "parallel_", "plan", "_plan_", "wal_fpi", "wal_buffers", "dirtied", "written")
"""In the names of what hardly ever moves: temporary files, JIT, planning and the like."""


@dataclass(slots=True)
class Seen:
    """MB of the file at the end of every simulated hour, milliseconds of every transaction, MB of memory at most."""

    sizes: list[float] = field(default_factory=list)
    commits: Sequence[float] = ()
    rss: float = 0.0

    @property
    def growth(self) -> float:
        """How much the largest file of the last third is above the largest before, as a part of it."""
        third = len(self.sizes) // 3
        return max(self.sizes[-third:]) / max(self.sizes[:-third]) - 1


class Load:
    """What a server under a share of load R would tell."""

    def __init__(self, seed: int, share: float = 1.0) -> None:
        self.random = np.random.default_rng(seed)
        self.statements = round(STATEMENTS * share)
        self.moved = round(CHANGED * share)
        weights = 1 / np.arange(1, self.statements + 1) ** 1.2
        self.weights = weights / weights.sum()
        self.queryids = self.random.integers(-(2**62), 2**62, self.statements).tolist()
        self.speed = self.random.lognormal(0, 1.5, self.statements).tolist()

    def changed(self) -> list[int]:
        """Which statements moved since the pass before."""
        drawn = self.random.choice(self.statements, 4 * self.moved, p=self.weights)
        return list(dict.fromkeys(drawn.tolist()))[: self.moved]

    def rows(self, probe: Probe, names: Sequence[str]) -> list[tuple[Value, ...]]:
        """Rows of a pass of a probe, without `uncertain`."""
        keys = self.changed() if probe.name == "statements" else list(range(ROWS.get(probe.name, 1)))
        columns = [self._column(probe, name, keys) for name in names]
        return list(zip(*columns, strict=True))

    def _column(self, probe: Probe, name: str, keys: list[int]) -> list[Value]:
        column = probe.columns.get(name)
        if column is None:
            return [1 for _ in keys]  # samples
        if column.kind is Kind.KEY:
            return [self._key(probe, column, key) for key in keys]
        if column.type is Type.TEXT:
            return [f"{name} {key}" for key in keys]
        if column.kind is Kind.TEXT:
            return list(keys)
        if column.type is Type.BOOL:
            return [False for _ in keys]
        if column.type is Type.TIMESTAMPTZ:
            return [START for _ in keys]
        if self.random.random() < self._quiet(probe, name):
            return [0 if column.type is not Type.FLOAT8 else 0.0] * len(keys)
        if column.type is Type.FLOAT8:
            # PostgreSQL counts milliseconds in steps of a nanosecond.
            drawn = self.random.random(len(keys)).tolist()
            return [round(self.speed[key % self.statements] * x, 6) for key, x in zip(keys, drawn, strict=True)]
        return [int(x) for x in self.random.pareto(1.2, len(keys)) * 3]

    def _quiet(self, probe: Probe, name: str) -> float:
        """How often a column does not move at all."""
        if probe.name != "statements":
            return 0.5
        return 0.98 if any(word in name for word in RARE) else 0.0

    def _key(self, probe: Probe, column: Column, key: int) -> Value:
        if column.name == "queryid":
            queryid: int = self.queryids[key % self.statements]
            return queryid
        if column.type is Type.TEXT:
            return f"{column.name} {key % 7}"
        if column.type is Type.BOOL:
            return True
        return 16_384 + key % 3 if column.name in {"dbid", "userid"} and probe.name != "databases" else 16_384 + key


def simulate(
    store: Store, load: Load, probes: Sequence[Probe], hours: int, step: int, settle: Callable[[], None]
) -> Seen:
    """Run simulated hours through the store, a pass every `step` seconds; `settle` brings the log into the file."""
    seen = Seen()
    commits = array("d")  # some 600,000 of them would be 20 MB as a list, which is none of the store's
    for number in range(1, hours * 3_600 // step + 1):
        ts = START + number * step * SECOND
        batches = [_batch(load, probe, ts, number, step) for probe in probes if _is_due(probe, number, step)]
        commits.extend(commit(store, post) for post in posts(batches, store.layout.probes))
        while store.maintain(ts):
            pass
        if ts % HOUR == 0:
            settle()  # or the log would hold what the file is asked of
            seen.sizes.append(store.location.file.stat().st_size / 1e6)
            seen.rss = max(seen.rss, rss())
    seen.commits = commits.tolist()
    return seen


def _is_due(probe: Probe, number: int, step: int) -> bool:
    return probe.shape is not Shape.DIMENSION and number % max(1, int(probe.every or step) // step) == 0


def _batch(load: Load, probe: Probe, ts: int, number: int, step: int) -> Batch:
    names = tuple(probe.columns) + (("samples",) if probe.shape is Shape.SAMPLES else ())
    rows = load.rows(probe, names)
    facts = [(*row, False) for row in rows] if probe.shape is Shape.COUNTERS else rows
    remembered = rows if probe.shape in {Shape.COUNTERS, Shape.SNAPSHOT} else []
    return Batch(
        target=1, incarnation=1, probe=probe.name, epoch=1, pass_no=number, ts=ts, secs=float(step),
        outcome=Outcome.OK, elapsed_ms=3.0, names=names, rows=facts, last=remembered,
        samples=10 if probe.shape is Shape.SAMPLES else None,
    )  # fmt: skip


def rss() -> float:
    """Resident memory in MB; where the system does not tell, the most there ever was."""
    return (resident() or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1e6


def words(seen: Seen) -> Iterator[str]:
    """What was seen, in words."""
    yield f"file {seen.sizes[-1]:.1f} MB, growth in the last third {100 * seen.growth:.1f} %"
    yield f"commits p50 {np.percentile(seen.commits, 50):.1f} p95 {np.percentile(seen.commits, 95):.1f} ms"
    yield f"memory {seen.rss:.0f} MB"
