"""The store under load R in fast motion: size, commit times, memory and answers after simulated days.

    python bench/store_month.py --days 3

Load R: 4,900 statements, about 300 of them changed in any 10 s (Zipf 1.2), beside sessions, tables, indexes and the
rest of the shipped probes. Every pass goes through the real store, as does the upkeep. Prints one line per simulated
day and a table at the end.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from pgvigil import catalog
from pgvigil.catalog.types import Column, Kind, Probe, Shape, Type
from pgvigil.model import Batch, Outcome, Secret, Value
from pgvigil.store import Retention, Store, open_store

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
START = 1_700_006_400 * SECOND
STATEMENTS = 4_900
CHANGED = 300
ROWS = {"tables": 60, "indexes": 80, "sessions": 25, "connections": 12, "databases": 3, "io": 20, "settings": 2}
"""Rows of a pass, of the probes that have more than one."""


class Load:
    """What a server under load R would tell."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        weights = 1 / np.arange(1, STATEMENTS + 1) ** 1.2
        self.weights = weights / weights.sum()
        self.queryids = self.random.integers(-(2**62), 2**62, STATEMENTS).tolist()
        self.speed = self.random.lognormal(0, 1.5, STATEMENTS).tolist()

    def changed(self) -> list[int]:
        """Which statements moved in ten seconds."""
        drawn = self.random.choice(STATEMENTS, 4 * CHANGED, p=self.weights)
        return list(dict.fromkeys(drawn.tolist()))[:CHANGED]

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
            return [round(self.speed[key % STATEMENTS] * x, 6) for key, x in zip(keys, drawn, strict=True)]
        return [int(x) for x in self.random.pareto(1.2, len(keys)) * 3]

    def _quiet(self, probe: Probe, name: str) -> float:
        """How often a column does not move at all: plans, JIT, temporary files and the like."""
        if probe.name != "statements":
            return 0.5
        rare = (
            "local_",
            "temp_",
            "jit_",
            "parallel_",
            "plan",
            "_plan_",
            "wal_fpi",
            "wal_buffers",
            "dirtied",
            "written",
        )
        return 0.98 if any(word in name for word in rare) else 0.0

    def _key(self, probe: Probe, column: Column, key: int) -> Value:
        if column.name == "queryid":
            queryid: int = self.queryids[key % STATEMENTS]
            return queryid
        if column.type is Type.TEXT:
            return f"{column.name} {key % 7}"
        if column.type is Type.BOOL:
            return True
        return 16_384 + key % 3 if column.name in {"dbid", "userid"} and probe.name != "databases" else 16_384 + key


def passes(load: Load, probes: Sequence[Probe], days: float) -> Iterator[list[Batch]]:
    """Every pass of some days, in the order of time."""
    for number in range(1, int(days * 8_640) + 1):
        ts = START + number * 10 * SECOND
        due = [probe for probe in probes if number % int((probe.every or 10.0) // 10) == 0]
        yield [batch for probe in due if (batch := _batch(load, probe, ts, number))]


def _batch(load: Load, probe: Probe, ts: int, number: int) -> Batch | None:
    if probe.shape is Shape.DIMENSION:
        return None
    names = tuple(probe.columns) + (("samples",) if probe.shape is Shape.SAMPLES else ())
    rows = load.rows(probe, names)
    facts = [(*row, False) for row in rows] if probe.shape is Shape.COUNTERS else rows
    remembered = rows if probe.shape in {Shape.COUNTERS, Shape.SNAPSHOT} else []
    return Batch(
        target=1, incarnation=1, probe=probe.name, epoch=1, pass_no=number, ts=ts, secs=probe.every or 10.0,
        outcome=Outcome.OK, elapsed_ms=3.0, names=names, rows=facts, last=remembered,
        samples=10 if probe.shape is Shape.SAMPLES else None,
    )  # fmt: skip


def rss() -> float:
    """Resident memory in MB."""
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


def percentile(values: Sequence[float], at: float) -> float:
    """A percentile, in ms, of seconds."""
    return float(np.percentile(values, at)) * 1e3 if values else 0.0


def simulate(store: Store, load: Load, probes: Sequence[Probe], days: float) -> None:
    """Run the days through the store, printing one line for each."""
    commits: list[float] = []
    cpu: list[float] = []
    upkeep: list[float] = []
    size_of = store.location.file
    for number, batches in enumerate(passes(load, probes, days), 1):
        began, cpu_began = time.perf_counter(), time.process_time()
        store.append(batches)
        commits.append(time.perf_counter() - began)
        cpu.append(time.process_time() - cpu_began)
        if number % 6 == 0:
            now = START + number * 10 * SECOND
            while True:
                began = time.perf_counter()
                more = store.maintain(now)
                if not more:
                    break
                upkeep.append(time.perf_counter() - began)
        if number % 720 == 0:
            print(
                f"day {number / 8_640:6.2f}  file {size_of.stat().st_size / 1e6:7.1f} MB  rss {rss():5.0f} MB  "
                f"append p50 {percentile(commits, 50):5.1f} p95 {percentile(commits, 95):5.1f} "
                f"max {max(commits) * 1e3:6.0f} ms  cpu p50 {percentile(cpu, 50):5.1f} ms  "
                f"upkeep p95 {percentile(upkeep, 95):5.0f} max {max(upkeep, default=0) * 1e3:5.0f} "
                f"sum {sum(upkeep):5.1f} s",
                flush=True,
            )
            commits.clear()
            cpu.clear()
            upkeep.clear()


def tables(store: Store) -> None:
    """Rows of each tier of the statements."""
    for tier in ("open", "closed", "1m", "1h"):
        rows = store.query(f"SELECT count(*), count(DISTINCT queryid) FROM statements_{tier}").rows[0]
        blocks = store.query(
            f"SELECT count(DISTINCT block_id) FROM pragma_storage_info('statements_{tier}') WHERE persistent"
        ).rows[0][0]
        each = blocks * 65_536 / rows[0] if rows[0] else 0
        print(f"statements_{tier:8s} {rows[0]:9d} rows  {blocks:6d} blocks  {each:6.1f} B a row")


def ask(store: Store, days: float) -> None:
    """The top list over spans up to all days."""
    end = START + int(days * DAY)
    for name, length in (("1 h", HOUR), ("3 h", 3 * HOUR), ("1 d", DAY), ("3 d", 3 * DAY), ("30 d", 30 * DAY)):
        since = max(START, end - length)
        took = []
        for _ in range(15):
            began = time.perf_counter()
            source = store.relation("statements", since, end)
            store.query(
                f"SELECT queryid, sum(calls) AS calls, sum(total_exec_time) AS busy, sum(rows) FROM {source} "
                f"WHERE target = 1 GROUP BY queryid ORDER BY busy DESC LIMIT 20"
            )
            took.append(time.perf_counter() - began)
        print(f"top statements over {name:5s} p50 {percentile(took, 50):6.1f} p95 {percentile(took, 95):6.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--days", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--raw-hours", type=float, default=48.0)
    parser.add_argument("--minute-days", type=float, default=14.0)
    parser.add_argument("--probes", help="only these, divided by commas")
    options = parser.parse_args()
    found = catalog.load()
    wanted = options.probes.split(",") if options.probes else list(found.probes)
    load = Load(options.seed)
    with tempfile.TemporaryDirectory() as directory:
        retention = Retention(raw=options.raw_hours * 3_600, minutes=options.minute_days * 86_400)
        store = open_store(f"duckdb://{directory}/month.db", Secret("a key only for this"), found, retention=retention)
        simulate(store, load, [found.probes[name] for name in wanted], options.days)
        tables(store)
        ask(store, options.days)
        store.close()
        print(f"closed: {store.location.file.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
