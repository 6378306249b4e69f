"""A filled store, and an application over it in this process."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from pgvigil.catalog import load as load_catalog
from pgvigil.catalog.panels import load_panels
from pgvigil.catalog.rules import load_rules
from pgvigil.catalog.waits import load_waits
from pgvigil.collect import Collector
from pgvigil.model import (
    Batch,
    Capabilities,
    Condition,
    Event,
    Gap,
    Identity,
    Outcome,
    Secret,
    Target,
    TargetState,
    Value,
)
from pgvigil.serve.app import create_app
from pgvigil.serve.watch import Watch
from pgvigil.store import Store, Writer, open_store

SECOND = 1_000_000
CATALOG = load_catalog()
RULES = load_rules(CATALOG)
PANELS = load_panels(CATALOG)
WAITS = load_waits()
BEGIN = 1_700_006_400
NOW = BEGIN + 600.0
HERE = {"host": "127.0.0.1:8432"}
SPAN = {"from": BEGIN, "to": NOW}
SEEN = Capabilities(
    Identity(1, 180_000, 1), "18.0", BEGIN * SECOND, in_recovery=False, pooled=False, role="monitor", database="app",
    is_superuser=False, roles=frozenset({"pg_monitor", "pg_read_all_stats"}), extensions={}, columns={},
    settings={"max_connections": "100", "superuser_reserved_connections": "3"},
)  # fmt: skip


class Known(Collector):
    """A collector that was at its server: whatever it tells beside, it tells as it would."""

    @property
    def capabilities(self) -> Capabilities:
        return SEEN

    @property
    def state(self) -> TargetState:
        return TargetState(Condition.WATCHING, BEGIN * SECOND)


def batch(probe: str, rows: Sequence[Mapping[str, Value]], number: int = 1, **more: Any) -> Batch:
    declared = CATALOG.probes[probe]
    names = tuple(
        name
        for name, column in declared.columns.items()
        if column.kind != "text" or declared.shape == "dimension" or any(name in row for row in rows)
    )
    values = [tuple(row.get(name) for name in names) for row in rows]
    if declared.shape == "counters":
        values = [(*row, False) for row in values]
    if declared.shape == "samples":
        names = (*names, "samples")
        values = [(*row, told["samples"]) for row, told in zip(values, rows, strict=True)]
    given = {"secs": 10.0, "incarnation": 1, "outcome": Outcome.OK, **more}
    return Batch(
        target=1, probe=probe, epoch=1, pass_no=number, ts=(BEGIN + 10 * number) * SECOND, elapsed_ms=1.0, names=names,
        rows=values, **given,
    )  # fmt: skip


def statement(number: int) -> Mapping[str, Value]:
    """Two of each kind have the same numbers, so that the order hangs on what comes after them; a third of them was
    not called and has no mean."""
    calls = 0 if number % 3 == 0 else number // 2 + 1
    queryid = None if number == 1 else number
    row: dict[str, Value] = {"userid": 10, "dbid": 5, "queryid": queryid, "toplevel": True}
    return {**row, "calls": calls, "total_exec_time": 1.0 + number // 2, "rows": number % 4}


EVENTS = tuple(
    Event((BEGIN + 5) * SECOND, "setting", "work_mem", str(n % 2), str(n // 2), None) for n in range(10)
) + tuple(Event((BEGIN + 6 + n) * SECOND, "reset", f"n{n}") for n in range(140))
GAPS = tuple(Gap((BEGIN + n) * SECOND, (BEGIN + n + 1) * SECOND, "late") for n in range(20))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Thirty-one statements, many events of few moments, some gaps."""
    path: Path = tmp_path_factory.mktemp("routes")
    opened = open_store(f"duckdb://{path}/pgvigil.db", Secret("sixteen characters, or more"), CATALOG)
    opened.target_id("t", 2.0, {"env": "test"})
    opened.append(
        [
            batch("statements", [statement(number) for number in range(1, 32)]),
            batch("queries", [{"queryid": n, "text": f"SELECT {n % 5}"} for n in range(2, 20)], secs=None),
            batch("settings", [], events=EVENTS),
            batch("sessions", [], gaps=GAPS, samples=10),
        ]
    )
    yield opened
    opened.close()


@pytest.fixture
async def keeper(store: Store) -> AsyncIterator[Writer]:
    """The store's writer."""
    writer = Writer(store)
    yield writer
    await writer.close()


def watcher(kind: type[Collector], keeper: Writer) -> Collector:
    """A collector that does not run."""
    target = Target(1, "t", Secret("postgresql://u:hunter2@h/x"), 2.0, {"env": "test"})
    return kind(target, CATALOG, keeper)


@pytest.fixture
def watch(store: Store, keeper: Writer) -> Watch:
    """The filled store and a server that is watched."""
    return Watch(store, CATALOG, RULES, PANELS, WAITS, {"t": watcher(Known, keeper)}, lambda: int(NOW * SECOND), "1")


class Client:
    """Asks an application in this process."""

    def __init__(self, watch: Watch) -> None:
        self.transport = httpx.ASGITransport(create_app(watch, "1"))

    async def ask(self, path: str, headers: Mapping[str, str] = HERE, method: str = "GET", **asked: Any) -> Any:
        async with httpx.AsyncClient(transport=self.transport, base_url="http://127.0.0.1:8432") as client:
            return await client.request(method, path, headers=dict(headers), params=asked)

    async def get(self, path: str, **asked: Any) -> Any:
        answer = await self.ask(f"/api/v1/targets/t/{path}", **asked)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def client(watch: Watch) -> Client:
    """Asks the filled store."""
    return Client(watch)
