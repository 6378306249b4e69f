import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import pytest

from fix_servers import Database, MakeServer
from pgvigil.sandbox.faults import FAULTS, inject
from pgvigil.sandbox.injection import Scene
from pgvigil.sandbox.schema import SandboxError, install
from sandbox.fix_sandbox import sandbox, until

__all__ = ["sandbox"]

_SESSIONS = "select count(*) from pg_stat_activity where datname = current_database() and "


@dataclass(frozen=True, slots=True)
class Sign:
    """A number that the server gives; with the fault on it is (or has grown) at least so much."""

    query: str
    at_least: float
    grows: bool = False


# One per fault: by what an onlooker would know it.
SIGNS = {
    "lock-pile-up": Sign(
        _SESSIONS + "application_name = 'fault:lock-pile-up waiter' and wait_event_type = 'Lock' "
        "and cardinality(pg_blocking_pids(pid)) > 0",
        12,
    ),
    "missing-index": Sign(
        "select -count(*) from pg_index where indrelid = any (select inhrelid from pg_inherits "
        "where inhparent = 'workflow_events'::regclass)",
        1,
        grows=True,
    ),
    "idle-in-transaction": Sign(
        _SESSIONS + "application_name = 'fault:idle-in-transaction' and state = 'idle in transaction' "
        "and backend_xmin is not null and backend_xid is not null",
        1,
    ),
    "connection-flood": Sign(
        "select count(*) from pg_stat_activity where backend_type = 'client backend'",
        87,  # 90 % of 100 less the 3 reserved
    ),
    "runaway-query": Sign(
        _SESSIONS + "application_name = 'fault:runaway-query' and state = 'active' and wait_event is null "
        "and query_start < clock_timestamp() - interval '1 second'",
        1,
    ),
    "checkpoint-storm": Sign("select pg_current_wal_lsn() - '0/0'::pg_lsn", 8e6, grows=True),
    "deadlocks": Sign("select deadlocks from pg_stat_database where datname = current_database()", 2, grows=True),
    "temp-spill": Sign("select temp_files from pg_stat_database where datname = current_database()", 2, grows=True),
    "dead-rows": Sign("select n_dead_tup from pg_stat_user_tables where relname = 'q_workflow_jobs'", 1000),
    "plan-regression": Sign(
        "select seq_tup_read from pg_stat_user_tables where relname = 'job_tracking'", 5000, grows=True
    ),
    "ddl-queue": Sign(
        "select count(*) from pg_locks l join pg_stat_activity a using (pid) where not l.granted "
        "and l.relation = 'workflow_definitions'::regclass and (l.mode = 'AccessExclusiveLock') "
        "= (a.application_name = 'fault:ddl-queue migration')",
        7,
    ),
    "error-storm": Sign(
        "select xact_rollback from pg_stat_database where datname = current_database()", 20, grows=True
    ),
    "queue-backlog": Sign("select queue_length from pgmq.metrics('workflow_jobs')", 11_000),
    "partition-gap": Sign("select -count(*) from workflow_events_partition_info", 3, grows=True),
}

SESSIONS = "select application_name from pg_stat_activity where starts_with(application_name, 'fault:')"

# All that a fault could leave behind.
PICTURE: tuple[LiteralString, ...] = (
    SESSIONS,
    "select relation::regclass, mode from pg_locks where not granted",
    "select gid from pg_prepared_xacts",
    "select setdatabase, setrole, setconfig from pg_db_role_setting order by 1, 2",
    "select name, setting from pg_settings where source not in ('session', 'client', 'override') order by 1",
    """select n.nspname, c.relname, c.relkind, c.reloptions, pg_get_expr(c.relpartbound, c.oid)
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname in ('public', 'pgmq', 'sandbox_fault') order by 1, 2""",
    """select pg_get_indexdef(indexrelid), indisvalid from pg_index join pg_class c on c.oid = indrelid
       where relnamespace in ('public'::regnamespace, 'pgmq'::regnamespace) order by 1""",
    """select attrelid::regclass::text, attname, attoptions from pg_attribute join pg_class c on c.oid = attrelid
       where relnamespace in ('public'::regnamespace, 'pgmq'::regnamespace) and not attisdropped and attnum > 0
         and relkind <> 'i' order by 1, 2""",
    "select count(*), max(message::text) from pgmq.q_workflow_jobs",
    "select count(*), md5(string_agg(u::text, '/' order by user_id)) from user_settings u",
    "select count(*), md5(string_agg(p::text, '/' order by id)) from projects p",
    "select count(*), count(*) filter (where error = 'held by a fault') from workflow_runs",
    "select count(*) from workflow_events",
    "select count(*) from workflow_definitions",
    "select count(*) from secrets",
    "select count(*) from job_tracking",
)


def picture(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.connect() as connection:
        return {query: connection.execute(query).fetchall() for query in PICTURE}


def measure(database: Database, sign: Sign) -> float:
    with database.connect() as connection:
        row = connection.execute(sign.query.encode()).fetchone()
    assert row is not None
    return float(row[0])


async def assert_restored(database: Database, before: dict[str, list[tuple[object, ...]]]) -> None:
    # Closed sockets take the server a moment to notice.
    await until("the fault's sessions are gone", lambda: not database.execute(SESSIONS))
    assert picture(database) == before


def test_every_fault_has_a_sign_by_which_it_is_known() -> None:
    assert set(SIGNS) == set(FAULTS)


def test_the_documentation_names_every_fault_as_it_is() -> None:
    page = (Path(__file__).parents[2] / "docs/sandbox.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \| (\d+) s \|$", page, re.MULTILINE)
    assert rows == [(fault.name, fault.summary, f"{fault.limit_s:g}") for fault in FAULTS.values()]


@pytest.mark.pg(14, 18)
@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_shows_while_it_is_on_and_leaves_nothing(sandbox: Database, name: str) -> None:
    sign, before = SIGNS[name], picture(sandbox)
    base = measure(sandbox, sign)
    goal = base + sign.at_least if sign.grows else sign.at_least
    assert base < goal, "the sign must not be there before"

    async with inject(name, sandbox.dsn()) as injection:
        await until(f"{name} shows", lambda: measure(sandbox, sign) >= goal)
        names = sandbox.execute(
            "select application_name from pg_stat_activity where pid <> pg_backend_pid() "
            "and datname = current_database() and application_name <> ''"
        )
        assert all(each.startswith(f"fault:{name}") for (each,) in names)

    assert not injection.is_on
    await assert_restored(sandbox, before)


async def test_the_flood_leaves_the_last_connections_alone(sandbox: Database) -> None:
    async with inject("connection-flood", sandbox.dsn()):
        seen = measure(sandbox, SIGNS["connection-flood"])
        assert 87 <= seen <= 97 - 5
        sandbox.execute("select 1")


async def test_wrong_statistics_really_change_the_plan_and_come_right_again(sandbox: Database) -> None:
    def plan() -> str:
        with sandbox.connect() as connection:
            rows = connection.execute("explain select status from job_tracking where msg_id = -5").fetchall()
        return str(rows[0][0])

    assert "Index" in plan()
    async with inject("plan-regression", sandbox.dsn()):
        assert plan().startswith("Seq Scan")
    assert "Index" in plan()


async def test_a_fault_ends_by_itself_at_its_limit(sandbox: Database) -> None:
    before = picture(sandbox)
    injection = inject("dead-rows", sandbox.dsn(), limit_s=0.5)
    await injection.start()
    await until("the limit has passed", lambda: not injection.is_on)
    await assert_restored(sandbox, before)
    await injection.stop()


async def test_a_cancelled_holder_still_takes_its_fault_back(sandbox: Database) -> None:
    before = picture(sandbox)

    async def hold() -> None:
        async with inject("missing-index", sandbox.dsn()):
            begun.set()
            await asyncio.sleep(600)

    begun = asyncio.Event()
    task = asyncio.create_task(hold())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await assert_restored(sandbox, before)


async def test_the_command_switches_a_fault_on_and_ctrl_c_takes_it_back(sandbox: Database) -> None:
    before = picture(sandbox)
    command = (sys.executable, "-m", "pgvigil.sandbox.faults", sandbox.dsn(), "plan-regression")
    # libpq would go there instead of to the DSN's host.
    elsewhere = {**os.environ, "PGHOSTADDR": "192.0.2.1", "PGCONNECT_TIMEOUT": "2"}
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, env=elsewhere)
    assert process.stdout
    assert await process.stdout.readline() == f"plan-regression on: {FAULTS['plan-regression'].summary}\n".encode()
    assert picture(sandbox) != before
    process.send_signal(signal.SIGINT)
    _, complaint = await process.communicate()
    assert (process.returncode, complaint) == (0, b"")
    await assert_restored(sandbox, before)


async def test_the_command_answers_with_a_sentence_where_nothing_can_be_done(database: Database) -> None:
    command = (sys.executable, "-m", "pgvigil.sandbox.faults", database.dsn(), "deadlocks")
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    said, complaint = await process.communicate()
    assert (process.returncode, said) == (1, b"")
    assert complaint.startswith(b"database 'test_")
    assert b"Traceback" not in complaint


async def test_faults_can_be_on_together_and_end_in_any_order(sandbox: Database) -> None:
    before = picture(sandbox)
    pile, gap, rows = (inject(name, sandbox.dsn()) for name in ("lock-pile-up", "partition-gap", "dead-rows"))
    for each in (pile, gap, rows):
        await each.start()
    # A partition cannot be attached while the runs are locked, so this one ends last, whatever the order.
    await asyncio.gather(gap.stop(), rows.stop(), pile.stop())
    await assert_restored(sandbox, before)


async def test_a_fault_is_taken_back_although_the_server_restarted_meanwhile(private_server: MakeServer) -> None:
    server = private_server()
    dsn = server.dsn()
    await install(dsn, 0.01)
    database = Database(server, "postgres")
    before = picture(database)
    async with inject("dead-rows", dsn), inject("lock-pile-up", dsn):
        await asyncio.to_thread(server.restart, "immediate")
    await assert_restored(database, before)


async def test_what_cannot_be_undone_keeps_nothing_else_from_it(
    sandbox: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgvigil.sandbox.injection.UNDO_WITHIN_S", 0.1)
    before = picture(sandbox)
    scene = Scene(sandbox.dsn(), "broken", limit_s=5)
    for number in (1, 2):
        scene.on_end_texts(f"drop table sandbox_fault.left_{number}")
        await scene.change_texts(f"create table sandbox_fault.left_{number} ()")
        scene.on_end_texts(f"drop table sandbox_fault.nowhere_{number}")
    with pytest.raises(SandboxError) as refused:
        await scene.end()
    assert all(f"could not run drop table sandbox_fault.nowhere_{number}" in str(refused.value) for number in (1, 2))
    await assert_restored(sandbox, before)


async def test_a_fault_that_is_on_cannot_be_started_again(sandbox: Database) -> None:
    async with inject("error-storm", sandbox.dsn()) as injection:
        with pytest.raises(SandboxError, match="error-storm is on already"):
            await injection.start()


async def test_a_database_that_is_not_a_sandbox_is_refused(database: Database) -> None:
    with pytest.raises(SandboxError, match="is not a sandbox"):
        await inject("missing-index", database.dsn()).start()


def test_an_unknown_fault_names_those_there_are() -> None:
    with pytest.raises(SandboxError, match="'flood' is unknown; there are lock-pile-up, "):
        inject("flood", "postgresql://127.0.0.1/none")
