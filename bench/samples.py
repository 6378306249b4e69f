"""The same values kept by Prometheus and by us: bytes per value once each has compacted.

Two hours of 100 statements at ten seconds, every number of pg_stat_statements on PostgreSQL 15 a series: all of it to
Prometheus (promtool writes its blocks), what moved to us, which is the same knowledge.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench import pool
from bench.load import BenchError
from bench.plan import Plan
from bench.programs import program, used
from bench.promises import OF
from bench.repeat import bytes_a_row
from bench.simulate import STEP, Statements
from bench.table import Row, at_most
from pgvigil import catalog
from pgvigil.catalog.types import Kind, Probe, Type
from pgvigil.model import Batch, Outcome, Secret, Value
from pgvigil.store import open_store
from pgvigil.store.boundaries import HOUR, MINUTE, SECOND
from pgvigil.store.engine import Engine

STATEMENTS = 100
CHANGED = 30
HOURS = 2
PASSES = HOURS * 360
START = 1_789_999_200_000_000 // (2 * HOUR) * (2 * HOUR)
KEY = Secret("a key that only this uses")


def compare(plan: Plan) -> Row:
    """The row."""
    found = catalog.load()
    probe = found.probes["statements"]
    readings = pool.load(plan, found).readings["statements"]
    statements = Statements(probe, readings, plan.seed, STATEMENTS, CHANGED)
    passes = [statements.changed() for _ in range(PASSES)]
    places = [place for place, name in enumerate(readings.names) if _is_number(probe, name)]
    values = STATEMENTS * PASSES * len(places)
    chunks, whole = _prometheus(plan.work / "samples", readings.names, places, passes, probe)
    ours = _ours(plan.work / "samples.db", readings.names, passes)
    changed = sum(len(rows) for rows in passes) * len(places)
    return Row(
        "peer_store",
        *OF["peer"]["peer_store"],
        f"{ours / values:.2f} B; Prometheus {whole / values:.2f} B (chunks {chunks / values:.2f})",
        f"{HOURS} h, {STATEMENTS} statements, {len(places)} numbers each, {100 * changed / values:.0f} % of the values "
        f"moved: {ours / changed:.2f} B for each of those",
        at_most(ours, whole),
    )


def _is_number(probe: Probe, name: str) -> bool:
    column = probe.columns.get(name)
    if column is None or column.kind is Kind.KEY or column.type not in {Type.INT8, Type.FLOAT8}:
        return False
    return (column.since or 14) <= 15 and column.kind in {Kind.COUNTER, Kind.GAUGE}


def _ours(file: Path, names: Sequence[str], passes: Sequence[Sequence[tuple[Value, ...]]]) -> float:
    """Bytes of the rows after upkeep."""
    store = open_store(f"duckdb://{file}", KEY, catalog.load())
    for number, rows in enumerate(passes, 1):
        ts = START + round(number * STEP * SECOND)
        batch = Batch(
            1, 1, "statements", 1, number, ts, STEP, Outcome.OK, 3.0, False, names=tuple(names[:-1]), rows=rows
        )
        store.append([batch])
        if ts % MINUTE == 0:
            while store.maintain(ts):
                pass
    while store.maintain(START + HOURS * HOUR + 2 * MINUTE):
        pass
    store.close()
    engine = Engine(store.location, KEY)
    engine.checkpoint()
    rows_kept, each = bytes_a_row(engine, "statements_closed")
    engine.close()
    return rows_kept * each


def _prometheus(
    directory: Path,
    names: Sequence[str],
    places: Sequence[int],
    passes: Sequence[Sequence[tuple[Value, ...]]],
    probe: Probe,
) -> tuple[int, int]:
    """Bytes of the chunks and of whole blocks for every value at every scrape."""  # fmt: skip
    directory.mkdir()
    text = directory / "values.txt"
    queryid = names.index("queryid")
    keys = sorted({int(row[queryid] or 0) for rows in passes for row in rows})
    totals = {key: [0.0] * len(names) for key in keys}
    counters = frozenset(place for place in places if probe.columns[names[place]].kind is Kind.COUNTER)
    history: dict[int, list[list[float]]] = {key: [] for key in keys}
    for rows in passes:
        for row in rows:
            mine = totals[int(row[queryid] or 0)]
            for place in places:
                value = float(row[place] or 0)
                mine[place] = mine[place] + value if place in counters else value
        for key in keys:
            history[key].append([totals[key][place] for place in places])
    with text.open("w") as file:
        for at, place in enumerate(places):
            name = f"statements_{names[place]}"
            file.write(f"# TYPE {name} gauge\n")
            for key in keys:
                label = f'{name}{{instance="127.0.0.1:9187",job="peer",queryid="{key}",rolname="api"}}'
                file.writelines(
                    f"{label} {history[key][number][at]!r} {START // SECOND + (number + 1) * 10}\n"
                    for number in range(len(passes))
                )
        file.write("# EOF\n")
    done = subprocess.run(
        [program("prometheus", "promtool"), "tsdb", "create-blocks-from", "openmetrics", text, directory / "tsdb"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BenchError(f"promtool made no blocks: {done.stderr.strip()[-200:]}")
    text.unlink()
    chunks = sum(used(block) for block in (directory / "tsdb").glob("*/chunks"))
    return chunks, used(directory / "tsdb")
