"""Each rule over a store with numbers made for it: nothing one unit below its threshold, exactly one thing at it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from analyse.keeping import CATALOG, SECOND, START, batch
from pgvigil.analyse.subjects import Subject, subjects
from pgvigil.catalog.rules import load_rules
from pgvigil.model import Secret, Severity, Value
from pgvigil.store import open_store

RULES = load_rules(CATALOG)
PERIOD = 10
HOUR = 370
"""Passes of ten seconds that are an hour and the last minute: the names, which come before, fall out."""

Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one probe brought, by pass from 1 on; without rows it brought none, and went well."""

    probe: str
    rows: Callable[[int], Sequence[Row]]
    samples: int | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """What a server does that is told (`wrong`) and what is not (`well`), one unit apart; and what is said of it."""

    wrong: Sequence[Seen]
    well: Sequence[Seen]
    said: str
    severity: Severity = Severity.INFO
    passes: int = 3
    cpus: float | None = None


def always(probe: str, *rows: Row, samples: int | None = None) -> Seen:
    return Seen(probe, lambda _: rows, samples)


def lately(probe: str, now: Row, before: Row, late: int = 6) -> Seen:
    """In the last passes of the hour another row than before."""
    return Seen(probe, lambda number: [now if number > HOUR - late else before])


def edges(waited: float) -> Seen:
    common: Row = {
        "blocker": 7, "root": 7, "dbid": 5, "relid": 9, "locktype": "relation", "mode": "RowExclusiveLock",
        "userid": 10, "application": "web", "queryid": 3, "blocker_userid": 11, "blocker_application": "shop",
        "blocker_state": "idle in transaction", "blocker_queryid": 4, "blocker_xact_age": 200.0,
        "blocker_state_age": 1.0,
    }  # fmt: skip
    return always("locks", {**common, "waiter": 8, "waited": waited}, {**common, "waiter": 9, "waited": 1.0})


def open_for(**given: Value) -> Seen:
    row: Row = {
        "pid": 7, "dbid": 5, "userid": 10, "application": "shop", "backend_type": "client backend", "queryid": 3,
        "state_age": 1.0, **given,
    }  # fmt: skip
    return always("transactions", row)


def statement(calls: int, busy: float, **more: Value) -> Row:
    return {
        "userid": 10, "dbid": 5, "queryid": 3, "toplevel": True, "calls": calls, "total_exec_time": busy,
        "shared_blks_hit": 10 * calls, "shared_blks_read": 0, **more,
    }  # fmt: skip


def queue(oldest: float, name: str = "jobs", removed: int = 1) -> Seen:
    row: Row = {
        "queue": name, "sent": 100, "updated": 1, "removed": removed, "depth": 500, "dead": 0, "oldest_age": oldest,
    }  # fmt: skip
    return always("queues", row)


def months(now: float, *, default: bool = False) -> Seen:
    row: Row = {
        "dbid": 5, "relid": 9, "partitions": 4, "has_default": default, "last_from": 1000.0 * 86_400,
        "last_to": 1030.0 * 86_400, "now": now * 86_400,
    }  # fmt: skip
    return always("partitions", row)


def dead(times: float, autovacuum: str = "off", vacuum_age: float | None = 60.0) -> Seen:
    row: Row = {
        "dbid": 5, "relid": 9, "dead": round(1000 * times), "living": 100, "due_at": 1000.0, "autovacuum": autovacuum,
        "vacuum_age": vacuum_age,
    }  # fmt: skip
    return always("dead_rows", row)


def database(commits: int = 1000, rollbacks: int = 20, deadlocks: int = 0) -> Row:
    return {"dbid": 5, "xact_commit": commits, "xact_rollback": rollbacks, "deadlocks": deadlocks}


def connected(number: int) -> Seen:
    row: Row = {
        "dbid": 5, "userid": 10, "application": "shop", "backend_type": "client backend", "state": "idle",
        "connections": number, "max_connections": 103, "reserved_connections": 3,
    }  # fmt: skip
    return always("connections", row)


def active(sessions: int) -> Seen:
    """So many sessions in ten looks."""
    row: Row = {"dbid": 5, "userid": 10, "backend_type": "client backend", "state": "active", "queryid": 3}
    return always("sessions", {**row, "samples": sessions}, samples=10)


def checkpoints(number: int) -> Seen:
    return always("checkpoints", {"requested": number})


def spilt(blocks: int) -> Seen:
    return always("statements", {**statement(1, 1.0), "temp_blks_written": blocks})


CASES: Mapping[str, Case] = {
    "blocked": Case([edges(3.0)], [edges(2.9)], "2 sessions wait behind one transaction. pid 7 (`shop`) sits idle"),
    "idle_in_transaction": Case(
        [open_for(state="idle in transaction", xact_age=60.0, state_age=10.0)],
        [open_for(state="idle in transaction", xact_age=60.0, state_age=9.9)],
        "`shop`",
    ),
    "queue_late": Case(
        [queue(300.0)], [queue(299.0)], "Queue `jobs` holds 500 messages, the oldest for 5 min.", passes=12
    ),
    "partitions_end": Case(
        [months(1000.0)], [months(999.9)], "`orders` has no partition for what comes after 1972-10-27 00:00 UTC."
    ),
    "dead_rows": Case([dead(5.0)], [dead(4.99)], "`orders` holds 5 k dead rows, 50 times as many as living ones."),
    "errors": Case(
        [lately("databases", database(979, 41), database(), 3)],
        [lately("databases", database(990, 39), database(1000, 20), 3)],
        "rolled back in database `app`",
        passes=HOUR,
    ),
    "throughput_fallen": Case(
        [lately("databases", database(500), database())],
        [lately("databases", database(501), database())],
        "Transactions fell to 50 %",
        passes=HOUR,
    ),
    "long_statement": Case(
        [open_for(state="active", xact_age=20.0, state_age=10.0)],
        [open_for(state="active", xact_age=20.0, state_age=9.9)],
        "`shop`",
    ),
    "connections_high": Case(
        [connected(80)], [connected(79)], "80 connections of 100 are taken.", severity=Severity.WARNING
    ),
    "load_high": Case([active(24)], [active(23)], "SELECT $1", cpus=2.0, passes=12),
    "checkpoints_requested": Case(
        [checkpoints(2)], [checkpoints(1)], "2 checkpoints began on request in a minute.", passes=1
    ),
    "deadlocks": Case(
        [always("databases", database(deadlocks=1))],
        [always("databases", database())],
        "deadlocks in database `app` in the last minute.",
        severity=Severity.WARNING,
    ),
    "temp_files": Case([spilt(1280)], [spilt(1279)], "`SELECT $1`", passes=12),
    "statement_risen": Case(
        [lately("statements", statement(10, 3000.0), statement(10, 1000.0))],
        [lately("statements", statement(10, 2999.0), statement(10, 1000.0))],
        "A statement takes 3 times as long as before",
        passes=HOUR,
    ),
}


NAMES: Mapping[str, Sequence[Row]] = {
    "tables": [{"dbid": 5, "relid": 9, "schema": "public", "name": "orders"}],
    "databases": [{"dbid": 5, "name": "app"}],
    "role_names": [{"userid": 10, "name": "shop"}, {"userid": 11, "name": "shop"}],
    "queries": [{"queryid": 3, "text": "SELECT $1"}],
}


def asked(root: Path, rule: str, case: Case, given: Sequence[Seen]) -> Sequence[Subject]:
    """What the rule says of a store that holds this."""
    root.mkdir()
    store = open_store(f"duckdb://{root}/pgvigil.db", Secret("sixteen characters, or more"), CATALOG)
    try:
        store.target_id("t", None, {})
        store.append([batch(0, probe, rows) for probe, rows in NAMES.items()])
        for number in range(1, case.passes + 1):
            store.append([batch(number, seen.probe, seen.rows(number), samples=seen.samples) for seen in given])
        now = START + (PERIOD * case.passes + 1) * SECOND
        return subjects(store, [RULES[rule]], 1, now, case.cpus)
    finally:
        store.close()


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_tells_one_thing_at_its_threshold_and_nothing_below(rule: str, tmp_path: Path) -> None:
    case = CASES[rule]
    assert [each.key for each in asked(tmp_path / "well", rule, case, case.well)] == []
    (found,) = asked(tmp_path / "wrong", rule, case, case.wrong)
    assert found.severity is case.severity
    said = " ".join((found.headline, *found.details))
    assert case.said in said


def test_every_rule_has_a_case() -> None:
    assert sorted(CASES) == sorted(RULES)


DEAD = dead(50.0).rows(1)
HELD = edges(5.0).rows(1)
QUIET: Mapping[str, tuple[str, Sequence[Seen]]] = {
    "locks that were let go since the latest reading": (
        "blocked",
        [Seen("locks", lambda n: HELD if n < 3 else [])],
    ),
    "a queue out of which nothing was taken in a day": ("queue_late", [queue(9000.0, removed=0)]),
    "a queue for dead letters": ("queue_late", [queue(9000.0, "jobs_dlq")]),
    "a table with a default partition": ("partitions_end", [months(1029.0, default=True)]),
    "an archive whose last partition ended long ago": ("partitions_end", [months(1700.0)]),
    "a table to which vacuum came a minute ago": ("dead_rows", [dead(50.0, "on", 60.0)]),
    "a new table to which vacuum is yet to come": ("dead_rows", [dead(50.0, "on", None)]),
    "a table that is gone since the latest reading": (
        "dead_rows",
        [Seen("dead_rows", lambda n: DEAD if n < 3 else [])],
    ),
}


@pytest.mark.parametrize("what", QUIET)
def test_nothing_is_told_of(what: str, tmp_path: Path) -> None:
    rule, given = QUIET[what]
    assert asked(tmp_path / "store", rule, CASES[rule], given) == ()


@pytest.mark.parametrize("rule", [name for name, rule in RULES.items() if rule.of is not None])
def test_a_rule_of_rows_finds_nothing_where_there_are_none_so_it_need_not_be_asked(rule: str, tmp_path: Path) -> None:
    case = CASES[rule]
    without = [each if each.probe != RULES[rule].of else replace(each, rows=lambda _: []) for each in case.wrong]
    assert any(each.probe == RULES[rule].of for each in case.wrong)
    assert asked(tmp_path / "store", rule, case, without) == ()
