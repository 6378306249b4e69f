"""A toy catalog with a probe of every shape, and batches that fit it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pgvigil.catalog.types import Catalog, Column, Kind, Privacy, Probe, Role, Rollup, Scope, Shape, Type
from pgvigil.model import SERVER, Batch, Outcome, Reading, Secret, Value
from pgvigil.store import Store

KEY = Secret("sixteen characters, or more")
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_700_006_400 * SECOND  # 2023-11-15 00:00:00 UTC


def column(name: str, kind: Kind, type_: Type = Type.INT8, rollup: Rollup | None = None) -> Column:
    privacy = Privacy.NAME if type_ is Type.TEXT else None
    return Column(name, kind, type_, f"The {name}", rollup=rollup, privacy=privacy)


def probe(
    name: str, shape: Shape, key: Sequence[str], columns: Sequence[Column], dimension: str | None = None
) -> Probe:
    return Probe(
        name=name, pack="toys", summary="A toy", shape=shape, scope=Scope.CLUSTER, role=Role.ANY, every=10.0,
        on_sampler=shape is Shape.SAMPLES, deadline_ms=500, cost="none", key=tuple(key), changed_by=(), keyframe=3600.0,
        columns={one.name: one for one in columns}, variants=(), queries={}, directory=Path("toys"),
        dimension=dimension,
    )  # fmt: skip


STATEMENTS = probe(
    "statements",
    Shape.COUNTERS,
    ["userid", "queryid"],
    [
        column("userid", Kind.KEY, Type.OID),
        column("queryid", Kind.KEY),
        column("calls", Kind.COUNTER),
        column("total_exec_time", Kind.COUNTER, Type.FLOAT8),
        column("hits", Kind.COUNTER, Type.INT4),
        column("max_exec_time", Kind.GAUGE, Type.FLOAT8, Rollup.MAX),
        column("min_exec_time", Kind.GAUGE, Type.FLOAT8, Rollup.MIN),
        column("stats_since", Kind.STATE, Type.TIMESTAMPTZ),
    ],
)
QUERIES = probe(
    "queries", Shape.DIMENSION, ["queryid"],
    [column("queryid", Kind.KEY), column("text", Kind.TEXT, Type.TEXT)], "queries",
)  # fmt: skip
TABLES = probe(
    "tables",
    Shape.COUNTERS,
    ["dbid", "relid"],
    [
        column("dbid", Kind.KEY, Type.OID),
        column("relid", Kind.KEY, Type.OID),
        column("schemaname", Kind.TEXT, Type.TEXT),
        column("relname", Kind.TEXT, Type.TEXT),
        column("seq_scan", Kind.COUNTER),
        column("relpages", Kind.GAUGE, Type.INT4),
        column("bloat", Kind.GAUGE, Type.FLOAT8, Rollup.AVG),
    ],
    "relation_names",
)
SESSIONS = probe(
    "sessions",
    Shape.SAMPLES,
    ["database", "state", "wait_event"],
    [
        column("database", Kind.KEY, Type.TEXT),
        column("state", Kind.KEY, Type.TEXT),
        column("wait_event", Kind.KEY, Type.TEXT),
        column("xact_age", Kind.GAUGE, Type.FLOAT8, Rollup.MAX),
    ],
)
SETTINGS = probe(
    "settings", Shape.SNAPSHOT, ["name"],
    [
        column("name", Kind.KEY, Type.TEXT),
        column("value", Kind.STATE, Type.TEXT),
        column("pending", Kind.STATE, Type.BOOL),
    ],
)  # fmt: skip
LOCKS = probe(
    "locks", Shape.EDGES, ["waiter", "blocker"],
    [
        column("waiter", Kind.KEY, Type.INT4),
        column("blocker", Kind.KEY, Type.INT4),
        column("waited", Kind.GAUGE, Type.FLOAT8),
    ],
)  # fmt: skip
JOBS = probe(
    "jobs", Shape.EVENTS, ["runid"],
    [column("runid", Kind.KEY), column("status", Kind.STATE, Type.TEXT)],
)  # fmt: skip
WAL = probe("wal", Shape.COUNTERS, [], [column("wal_bytes", Kind.COUNTER)])

ALL = (STATEMENTS, QUERIES, TABLES, SESSIONS, SETTINGS, LOCKS, JOBS, WAL)


def catalog(*probes: Probe) -> Catalog:
    return Catalog({one.name: one for one in probes or ALL})


def without(one: Probe, *names: str) -> Probe:
    kept: Mapping[str, Column] = {name: each for name, each in one.columns.items() if name not in names}
    return replace(one, columns=kept, key=tuple(name for name in one.key if name not in names))


def batch(
    name: str,
    ts: int,
    names: Sequence[str] = (),
    rows: Sequence[tuple[Value, ...]] = (),
    *,
    number: int | None = None,
    secs: float | None = 10.0,
    target: int = 1,
    incarnation: int = 1,
    last: Sequence[tuple[Value, ...]] = (),
    samples: int | None = None,
) -> Batch:
    """A batch of a pass that went well; its number follows from its moment unless it is given."""
    return Batch(
        target=target, incarnation=incarnation, probe=name, epoch=1,
        pass_no=ts // SECOND if number is None else number, ts=ts, secs=secs, outcome=Outcome.OK, elapsed_ms=1.5,
        names=tuple(names), rows=rows, last=last, samples=samples,
    )  # fmt: skip


def calls(ts: int, *counted: tuple[int, int], target: int = 1, secs: float | None = 10.0) -> Batch:
    """A batch of `statements` of user 10 in which each (queryid, calls) was counted."""
    rows = [(10, queryid, count, count * 2.0, False) for queryid, count in counted]
    names = ("userid", "queryid", "calls", "total_exec_time")
    return batch("statements", ts, names, rows, target=target, secs=secs)


def reading(store: Store, name: str, *, target: int = 1, incarnation: int = 1) -> Reading | None:
    """What is kept of a probe that is asked once for the server."""
    return store.readings(target, incarnation, name).get(SERVER)
