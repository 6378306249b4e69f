"""A store to fill with numbers that are known."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pgvigil.catalog import load as load_catalog
from pgvigil.catalog.panels import load_panels
from pgvigil.model import Batch, Outcome, Secret, Value
from pgvigil.store import Store, open_store

SECOND = 1_000_000
HOUR = 3600 * SECOND
START = 1_700_006_400 * SECOND  # midnight, UTC
CATALOG = load_catalog()
PANELS = load_panels(CATALOG)
TARGET = 1


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"duckdb://{tmp_path}/pgvigil.db", Secret("sixteen characters, or more"), CATALOG)
    opened.target_id("t", 2.0, {})
    yield opened
    opened.close()


def batch(number: int, probe: str, rows: Sequence[Mapping[str, Value]], **more: Any) -> Batch:
    """The batch of a pass at START + 10 s x number."""
    declared = CATALOG.probes[probe]
    names = tuple(
        name for name, column in declared.columns.items() if column.kind != "text" or any(name in row for row in rows)
    )
    values = [tuple(row.get(name) for name in names) for row in rows]
    if declared.shape == "counters":
        values = [(*row, False) for row in values]
    if declared.shape == "samples":
        names = (*names, "samples")
        values = [(*row, given["samples"]) for row, given in zip(values, rows, strict=True)]
    if declared.shape == "dimension":
        names = tuple(declared.columns)
        values = [tuple(row.get(name) for name in names) for row in rows]
    given = {"secs": 10.0, "incarnation": 1, "outcome": Outcome.OK, "epoch": 1, "elapsed_ms": 1.0, **more}
    return Batch(
        target=TARGET, probe=probe, pass_no=number, ts=START + number * 10 * SECOND, names=names, rows=values, **given,
    )  # fmt: skip


def session(samples: int, state: str = "active", wait: str | None = None, **more: Value) -> Mapping[str, Value]:
    given: dict[str, Value] = {
        "state": state,
        "wait_event_type": wait,
        "backend_type": "client backend",
        "application": "app",
    }
    return {**given, "samples": samples, **more}


def statement(queryid: int, calls: int, busy_ms: float, **more: Value) -> Mapping[str, Value]:
    given: dict[str, Value] = {"userid": 10, "dbid": 5, "queryid": queryid, "toplevel": True}
    return {**given, "calls": calls, "total_exec_time": busy_ms, "rows": 2 * calls, **more}


def rolled_up(store: Store, now: int) -> None:
    while store.maintain(now):
        pass
