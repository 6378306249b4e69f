"""What the core probes promise beyond their columns: one text per statement, no wait behind a lock, nothing silent."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg import sql

from fix_servers import MONITOR, Database, MakeServer, connect
from pg_probes.causes import wait_until
from pgvigil.catalog import load
from pgvigil.catalog.types import Scope
from pgvigil.pg import Rows
from probing import Row, probing

CATALOG = load()


@contextmanager
def role(database: Database, name: str) -> Iterator[None]:
    database.server.passwords[name] = "secret"
    identifier = sql.Identifier(name)
    with database.connect() as connection:
        connection.execute(sql.SQL("create role {} login password 'secret'").format(identifier))
        yield
        connection.execute(sql.SQL("drop owned by {}").format(identifier))
        connection.execute(sql.SQL("drop role {}").format(identifier))


def ids(rows: list[Row], column: str) -> list[int]:
    return [value for row in rows if isinstance(value := row[column], int)]


@pytest.mark.pg("all")
async def test_a_statement_of_two_roles_in_two_databases_has_one_text(database: Database) -> None:
    statement = "select 4711 + count(*) as of_two_roles, 'a', 'b', 'c' from pg_proc"
    with role(database, "somebody"):
        database.execute(statement)
        with database.connect("somebody") as connection:
            connection.execute(statement)
        with connect(database.server) as connection:
            connection.execute(statement)
    async with probing(database.dsn(MONITOR), CATALOG) as prober:
        counted = await prober.rows("statements")
        texts = await prober.rows("queries", ids(counted, "queryid"))
    (found,) = [row for row in texts if "as of_two_roles, $2, $3, $4 from pg_proc" in str(row["text"])]
    assert "4711" not in str(found["text"])
    entries = [row for row in counted if row["queryid"] == found["queryid"]]
    assert len({(row["userid"], row["dbid"]) for row in entries}) == 3
    assert [row["calls"] for row in entries] == [1, 1, 1]
    assert len({row["queryid"] for row in texts}) == len(texts)


async def test_texts_come_for_the_keys_that_are_asked_for_and_no_others(database: Database) -> None:
    async with probing(database.dsn(MONITOR), CATALOG) as prober:
        wanted = ids(await prober.rows("statements"), "queryid")[:3]
        texts = await prober.rows("queries", wanted)
        assert sorted(ids(texts, "queryid")) == sorted(set(wanted))
        assert await prober.rows("queries", [1, 2, 3]) == []


@pytest.mark.pg(14, 18)
async def test_only_statements_that_moved_come_back(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("select 1, 2, 3")
        async with probing(database.dsn(MONITOR), CATALOG) as prober:
            known = ids(await prober.rows("statements"), "pgvigil_fingerprint")
            connection.execute("select 5, 6, 7")
            changed = await prober.rows("statements", known)
            texts = await prober.rows("queries", ids(changed, "queryid"))
    assert len(changed) < len(known) / 2
    assert any("select $1, $2, $3" in str(row["text"]) for row in texts)


@pytest.mark.pg("all")
async def test_no_probe_waits_behind_an_exclusive_lock_on_a_table(database: Database) -> None:
    database.execute("create table busy (id int primary key, doc text)")
    database.execute("create index busy_doc on busy (doc)")
    with database.connect() as connection, connection.transaction():
        connection.execute("lock table busy in access exclusive mode")
        async with probing(database.dsn(MONITOR), CATALOG) as prober:
            for name in sorted(set(CATALOG.probes) - set(prober.invisible())):
                reply = await prober.reply(name)
                assert isinstance(reply, Rows), (name, reply.message)
            tables = await prober.rows("tables")
            indexes = await prober.rows("indexes")
    assert [row["name"] for row in tables] == ["busy"]
    assert sorted(str(row["name"]) for row in indexes) == ["busy_doc", "busy_pkey"]


@pytest.mark.pg(14, 18)
async def test_the_sampler_answers_while_the_catalogs_are_locked(database: Database) -> None:
    async with probing(database.dsn(MONITOR), CATALOG) as prober:
        await prober.rows("sessions")
        with database.connect() as connection, connection.transaction():
            connection.execute("lock table pg_authid, pg_database in access exclusive mode")
            sampled = await prober.rows("sessions")
    # An autovacuum worker may wait for the same lock.
    clients = [row["state"] for row in sampled if row["backend_type"] == "client backend"]
    assert clients == ["idle in transaction"]


async def test_tables_and_indexes_say_where_they_belong(database: Database) -> None:
    database.execute('create schema "Odd ""one"""')
    database.execute('create table "Odd ""one""".parent (id int primary key) partition by range (id)')
    database.execute('create table "Odd ""one""".child partition of "Odd ""one""".parent for values from (1) to (9)')
    database.execute("create materialized view seen as select 1 as one")
    database.execute("create temp table gone (id int)")
    async with probing(database.dsn(MONITOR), CATALOG) as prober:
        tables = {str(row["name"]): row for row in await prober.rows("tables")}
        indexes = {str(row["name"]): row for row in await prober.rows("indexes")}
        (mine,) = [row for row in await prober.rows("databases") if row["name"] == database.name]
    assert {name: row["relkind"] for name, row in tables.items()} == {"parent": "p", "child": "r", "seen": "m"}
    assert (tables["child"]["schema"], tables["child"]["parent"]) == ('Odd "one"', tables["parent"]["relid"])
    assert tables["parent"]["parent"] is None
    assert indexes["child_pkey"]["relid"] == tables["child"]["relid"]
    assert (indexes["child_pkey"]["is_unique"], indexes["child_pkey"]["is_primary"]) == (True, True)
    assert {row["dbid"] for row in [*tables.values(), *indexes.values()]} == {mine["dbid"]}


@pytest.mark.pg(14, 18)
async def test_only_tables_that_moved_come_back(database: Database) -> None:
    for number in range(20):
        with database.connect() as connection:
            connection.execute(f"create table t_{number} (id int primary key)".encode())
    await asyncio.sleep(1)
    async with probing(database.dsn(MONITOR), CATALOG) as prober:
        known = ids(await prober.rows("tables"), "pgvigil_fingerprint")
        assert len(known) == 20
        assert await prober.rows("tables", known) == []
        database.execute("insert into t_7 values (1)")
        changed: list[Row] = []
        for _ in range(40):
            changed = await prober.rows("tables", known)
            if changed:
                break
            await asyncio.sleep(0.1)
    assert [(row["name"], row["n_tup_ins"]) for row in changed] == [("t_7", 1)]


async def test_connections_count_everyone_once_the_monitor_included(database: Database) -> None:
    with database.connect(application_name="held") as one, database.connect(application_name="held") as two:
        one.execute("select 1")
        two.execute("begin")
        async with probing(database.dsn(MONITOR), CATALOG, application_name="pgvigil") as prober:
            rows = [row for row in await prober.rows("connections") if row["application"] in {"held", "pgvigil"}]
    found = {(row["application"], row["state"]): row["connections"] for row in rows}
    assert found == {("held", "idle"): 1, ("held", "idle in transaction"): 1, ("pgvigil", "active"): 1}
    assert {row["max_connections"] for row in rows} == {100}
    assert {row["reserved_connections"] for row in rows} == {3}


async def test_settings_of_our_own_session_are_not_taken_for_the_servers(database: Database) -> None:
    async with probing(database.dsn(MONITOR), CATALOG) as prober:
        settings = {row["name"]: row for row in await prober.rows("settings")}
    assert not {"statement_timeout", "lock_timeout", "search_path", "jit", "application_name"} & set(settings)
    assert settings["shared_preload_libraries"]["value"] == "pg_stat_statements"
    assert settings["track_io_timing"]["source"] == "configuration file"


async def test_a_sample_takes_no_tag_from_a_hint_and_none_from_a_literal_alone(database: Database) -> None:
    statements = {
        "select pg_sleep(2) /*+ SeqScan(a) */ /* job='x' */": " job='x' ",
        "select pg_sleep(2), 'no comment'": None,
    }
    threads = [threading.Thread(target=database.execute, args=(text,)) for text in statements]
    for thread in threads:
        thread.start()
    async with probing(database.dsn(MONITOR), CATALOG) as prober:
        seen: list[Row] = []
        for _ in range(40):
            seen = [row for row in await prober.rows("sessions") if row["wait_event"] == "PgSleep"]
            if len(seen) == len(statements):
                break
            await asyncio.sleep(0.05)
    wait_until(lambda: not any(thread.is_alive() for thread in threads))
    assert sorted(str(row["tags"]) for row in seen) == sorted(str(tag) for tag in statements.values())


@pytest.mark.pg(14, 18)
async def test_a_parallel_worker_is_told_with_the_process_that_it_works_for(database: Database, major: int) -> None:
    with database.connect(application_name="leader") as leader:
        forced = "force_parallel_mode" if major < 16 else "debug_parallel_query"
        leader.execute(sql.SQL("set {} = on").format(sql.Identifier(forced)))
        thread = threading.Thread(target=leader.execute, args=("select pg_sleep(2)",))
        thread.start()
        async with probing(database.dsn(MONITOR), CATALOG) as prober:
            workers: list[Row] = []
            while thread.is_alive() and not workers:
                workers = [row for row in await prober.rows("activity") if row["leader"] == leader.info.backend_pid]
        thread.join()
    assert [row["backend_type"] for row in workers] == ["parallel worker"]


@pytest.mark.pg("all")
async def test_without_pg_monitor_what_is_not_visible_says_so(database: Database) -> None:
    with role(database, "outsider"):
        async with probing(database.dsn("outsider"), CATALOG) as prober:
            invisible = prober.invisible()
            others = sorted(set(CATALOG.probes) - set(invisible))
            for name in others:
                assert isinstance(await prober.reply(name), Rows), name
    wanted = {
        "activity", "statements", "statements_info", "queries", "sessions", "connections", "locks", "transactions",
    }  # fmt: skip
    assert set(invisible) - {"io"} == wanted | {"queues"}  # of those there are none
    assert {invisible[name].remedy for name in wanted} == {'GRANT pg_monitor TO "outsider";'}


@pytest.mark.pg(14, 18)
async def test_every_probe_answers_on_a_standby(private_server: MakeServer) -> None:
    server = private_server()
    server.stop()
    # Without a primary to follow it stays in recovery, where it answers what only reads.
    server.account.own(_touched(server.data / "standby.signal"))
    server.start()
    async with probing(server.dsn(MONITOR), CATALOG) as prober:
        assert prober.capabilities.in_recovery
        for name in sorted(set(CATALOG.probes) - set(prober.invisible())):
            reply = await prober.reply(name)
            assert isinstance(reply, Rows), (name, reply.message)
        (row,) = await prober.rows("server")
    assert row["in_recovery"] is True


def _touched(path: Path) -> Path:
    path.touch()
    return path


def test_probes_of_a_database_carry_it_in_their_key() -> None:
    for probe in CATALOG.probes.values():
        if probe.scope is Scope.DATABASE:
            assert probe.key[0] == "dbid"


@pytest.mark.pg(14, 18)
async def test_rows_and_pages_of_a_table_are_those_that_are_there(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("create table known (id int, pad text) with (autovacuum_enabled = off)")
        connection.execute("insert into known select i, repeat('x', 200) from generate_series(1, 1000) i")
        connection.execute("delete from known where id <= 300")

    async def known(column: str, value: int) -> Row:
        """The row as soon as this column of it has this value: counters are told when their session has ended."""
        for _ in range(100):
            (found,) = [row for row in await prober.rows("tables") if row["name"] == "known"]
            if found[column] == value:
                return found
            await asyncio.sleep(0.1)
        raise AssertionError(f"{column} never was {value}")

    async with probing(database.dsn(MONITOR), CATALOG) as prober:
        before = await known("n_tup_del", 300)
        assert (before["n_live_tup"], before["n_dead_tup"]) == (700, 300)
        assert (before["n_mod_since_analyze"], before["n_ins_since_vacuum"]) == (1300, 1000)
        ((pages,),) = database.execute("select pg_relation_size('known') / 8192")
        database.execute("vacuum (analyze, truncate off) known")
        after = await known("analyze_count", 1)
        assert (after["n_live_tup"], after["n_dead_tup"]) == (700, 0)
        assert (after["n_mod_since_analyze"], after["n_ins_since_vacuum"]) == (0, 0)
        assert (after["relpages"], after["relallvisible"], after["reltuples"]) == (pages, pages, 700.0)


@pytest.mark.pg(14, 18)
async def test_bytes_of_wal_are_those_between_two_positions_of_it(database: Database) -> None:
    async with probing(database.dsn(MONITOR), CATALOG) as prober:

        async def written() -> int:
            (row,) = await prober.rows("wal")
            return int(str(row["wal_bytes"]))

        ((begin,),) = database.execute("select pg_current_wal_insert_lsn()::text")
        before = await written()
        with database.connect() as connection:
            connection.execute(
                "create table logged as select i, repeat('x', 100) as pad from generate_series(1, 50000) i"
            )
        ((bytes_,),) = database.execute("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), %s)::int8", (begin,))
        for _ in range(100):
            if await written() - before >= 0.95 * bytes_:
                break
            await asyncio.sleep(0.1)
        # Positions count the headers of pages too.
        assert 0.95 * bytes_ <= await written() - before <= 1.05 * bytes_
