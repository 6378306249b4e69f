"""Each lint on real servers: nothing while all is well, then exactly the thing that was caused.

Where a lint waits for minutes, its own SQL is run with the minutes taken out; every such change is listed here, and
fails if the text it replaces is no longer there.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from threading import Thread

import psycopg
import pytest

from fix_servers import MONITOR, Database, MakeServer, connect
from pgvigil.catalog import Catalog
from pgvigil.catalog.lints import COLUMNS, Lint, load_lints
from pgvigil.collect.looking import look
from pgvigil.model import Finding, Secret, Target
from pgvigil.sandbox.server import Server

SOONER: Mapping[str, tuple[tuple[str, str], ...]] = {
    "blocking": (("waiting.seconds >= 60", "waiting.seconds >= 0.2"),),
    "idle_in_transaction": (("idle.seconds >= 300", "idle.seconds >= 0.2"),),
    "long_transaction": (("open.seconds >= 900", "open.seconds >= 0.2"),),
    "prepared_transaction_old": (("interval '10 minutes'", "interval '0.1 seconds'"),),
    "slot_inactive": (("held.bytes > 5 * 1024 ^ 3", "held.bytes >= 0"),),
}
LINTS = load_lints()
TEXT = psycopg.adapters.types["text"].oid
NO_PROBES = Catalog({})


def sooner(name: str) -> Lint:
    lint = LINTS[name]
    queries = dict(lint.queries)
    for major, sql in queries.items():
        for old, new in SOONER.get(name, ()):
            assert old in sql
            queries[major] = queries[major].replace(old, new)
    return replace(lint, queries=queries)


async def findings(dsn: str, name: str) -> tuple[Finding, ...]:
    seen = await look(Target(0, "test", Secret(dsn)), NO_PROBES, [sooner(name)])
    assert not seen.hidden
    assert not seen.failed
    return seen.findings


@contextmanager
def waiting(server: Server, dbname: str, statement: str) -> Iterator[psycopg.Connection[object]]:
    """A session that runs `statement`, which does not end before it is cancelled."""
    connection = connect(server, dbname, application_name="culprit")

    def run() -> None:
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(statement.encode())

    thread = Thread(target=run)
    thread.start()
    try:
        time.sleep(0.6)
        yield connection
    finally:
        connection.cancel_safe()
        thread.join()
        connection.close()


def test_every_lint_is_tested() -> None:
    tested = set(CAUSES) | set(CAUSES_OF_OWN) | {"xid_age", "idle_in_transaction", "long_transaction", "blocking"}
    assert tested == set(LINTS)


@pytest.mark.pg("all")
def test_every_lint_runs_for_a_monitor_and_returns_five_texts(database: Database, major: int) -> None:
    with database.connect(MONITOR) as monitor:
        for name, lint in LINTS.items():
            cursor = monitor.execute((lint.sql(major) or "").encode())
            returned = [(column.name, column.type_code) for column in cursor.description or ()]
            assert (name, returned) == (name, [(column, TEXT) for column in COLUMNS])


@pytest.mark.pg(14, 18)
async def test_a_session_idle_in_its_transaction_is_found(database: Database) -> None:
    dsn = database.dsn(MONITOR)
    assert await findings(dsn, "idle_in_transaction") == ()
    with connect(database.server, database.name, application_name="culprit") as connection:
        connection.execute("begin")
        connection.execute("select 1")
        await asyncio.sleep(0.5)
        (found,) = await findings(dsn, "idle_in_transaction")
    assert found.subject == "culprit"
    assert found.remedy.startswith("select pg_terminate_backend(")


@pytest.mark.pg(14, 18)
async def test_a_long_transaction_and_who_waits_for_it_are_found(database: Database) -> None:
    dsn = database.dsn(MONITOR)
    assert await findings(dsn, "long_transaction") == ()
    assert await findings(dsn, "blocking") == ()
    database.execute("create table held (id int)")
    with connect(database.server, database.name) as holder:
        holder.execute("begin")
        holder.execute("lock table held")
        with waiting(database.server, database.name, "select * from held"):
            (found,) = await findings(dsn, "blocking")
            assert found.subject == "culprit"
            assert str(holder.info.backend_pid) in found.detail
            assert f"({holder.info.backend_pid})" in found.remedy
    with waiting(database.server, database.name, "select pg_sleep(60)"):
        (found,) = await findings(dsn, "long_transaction")
        assert found.subject == "culprit"


@pytest.mark.pg(14, 18)
async def test_who_waits_for_a_prepared_transaction_is_told_how_to_find_it(private_server: MakeServer) -> None:
    server = private_server(settings={"max_prepared_transactions": "2"})
    with connect(server) as connection:
        connection.execute("create table held (id int)")
        connection.execute("begin")
        connection.execute("lock table held")
        connection.execute("prepare transaction 'left over'")
        with waiting(server, "postgres", "select * from held"):
            (found,) = await findings(server.dsn(MONITOR), "blocking")
        connection.execute("rollback prepared 'left over'")
    assert found.detail.endswith("is held or wanted by a prepared transaction.")
    assert found.remedy == "select gid, prepared, owner, database from pg_prepared_xacts order by prepared;"


@pytest.mark.pg(14, 18)
async def test_who_got_the_lock_meanwhile_is_not_told_of(database: Database) -> None:
    database.execute("create table held (id int)")
    asked = "pg_blocking_pids(longest.pid)"
    lint = sooner("blocking")
    assert all(asked in query for query in lint.queries.values())
    given = replace(lint, queries={major: sql.replace(asked, "'{}'::int4[]") for major, sql in lint.queries.items()})
    with connect(database.server, database.name) as holder:
        holder.execute("begin")
        holder.execute("lock table held")
        with waiting(database.server, database.name, "select * from held"):
            for each, count in ((lint, 1), (given, 0)):
                seen = await look(Target(0, "test", Secret(database.dsn(MONITOR))), NO_PROBES, [each])
                assert (seen.failed, len(seen.findings)) == ((), count)


@pytest.mark.pg(14, 18)
async def test_old_transaction_ids_are_told_by_database(database: Database) -> None:
    dsn = database.dsn(MONITOR)
    assert await findings(dsn, "xid_age") == ()
    lint = LINTS["xid_age"]
    queries = {major: sql.replace("worst.share >= 0.4", "worst.share >= 0") for major, sql in lint.queries.items()}
    seen = await look(Target(0, "test", Secret(dsn)), NO_PROBES, [replace(lint, queries=queries)])
    assert database.name in {finding.subject for finding in seen.findings}


def invalid_index(database: Database) -> str:
    database.execute("create table t (id int)")
    database.execute("create index t_id on t (id)")
    database.execute("update pg_index set indisvalid = false where indexrelid = 't_id'::regclass")
    return "public.t_id"


def dead_rows(database: Database) -> str:
    database.execute("create table d (id int) with (autovacuum_enabled = off)")
    database.execute("insert into d select generate_series(1, 30000)")
    database.execute("delete from d where id > 1000")
    database.execute("analyze d")
    return "public.d"


CAUSES: Mapping[str, Callable[[Database], str]] = {"index_invalid": invalid_index, "autovacuum_behind": dead_rows}


@pytest.mark.pg(14, 18)
@pytest.mark.parametrize("name", CAUSES)
async def test_a_lint_of_a_database_finds_nothing_and_then_the_one_thing(name: str, database: Database) -> None:
    dsn = database.dsn(MONITOR)
    assert not [found for found in await findings(dsn, name) if database.name in found.key]
    subject = CAUSES[name](database)

    async def mine() -> list[Finding]:
        return [found for found in await findings(dsn, name) if database.name in found.key]

    for _ in range(50):  # counted rows are told when the session that counted them ends
        if await mine():
            break
        await asyncio.sleep(0.2)
    assert [found.subject for found in await mine()] == [subject]


def prepared(server: Server) -> None:
    with connect(server) as connection:
        connection.execute("begin")
        connection.execute("create table p (id int)")
        connection.execute("prepare transaction 'left over'")
    time.sleep(0.3)


def archiving(server: Server) -> None:
    with connect(server) as connection:
        connection.execute("select pg_switch_wal()")
        for _ in range(150):
            if connection.execute("select failed_count from pg_stat_archiver").fetchone() != (0,):
                return
            time.sleep(0.2)


def slot(server: Server) -> None:
    with connect(server) as connection:
        connection.execute("select pg_create_physical_replication_slot('forgotten', true)")


def risky(server: Server) -> None:
    server.configure({"autovacuum": "off"})
    server.reload()
    time.sleep(1)


CAUSES_OF_OWN: Mapping[str, tuple[Callable[[Server], object], Mapping[str, str]]] = {
    "prepared_transaction_old": (prepared, {"max_prepared_transactions": "2"}),
    "archiving_failing": (archiving, {"archive_mode": "on", "archive_command": "false"}),
    "slot_inactive": (slot, {}),
    "setting_risky": (risky, {"fsync": "on", "full_page_writes": "on"}),
    "connections_high": (lambda _: None, {"max_connections": "13"}),
}


@pytest.mark.pg(14, 18)
async def test_a_lint_of_the_server_finds_nothing_and_then_the_one_thing(
    private_server: MakeServer, major: int
) -> None:
    settings = {name: value for _, given in CAUSES_OF_OWN.values() for name, value in given.items()}
    server = private_server(major=major, settings=settings)
    dsn = server.dsn(MONITOR)
    for name, (cause, _) in CAUSES_OF_OWN.items():
        assert await findings(dsn, name) == (), name
        held = [connect(server) for _ in range(8)] if name == "connections_high" else []
        cause(server)
        assert len(await findings(dsn, name)) == 1, name
        for connection in held:
            connection.close()
