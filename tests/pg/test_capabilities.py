"""What a server is and lets us see, on real ones; and that the remedies make visible what was not."""

from collections.abc import Mapping

import psycopg
import pytest

from fix_pgbouncer import MakePgBouncer
from fix_servers import MONITOR, Database, MakeServer
from pg.fix_pg import locked, session_at
from pgvigil.catalog import invisible, load
from pgvigil.model import Capabilities, Condition, Invisible
from pgvigil.pg import ConnectError, find_capabilities
from pgvigil.sandbox.server import Server

CATALOG = load()
RELATIONS = (*CATALOG.relations, "pg_stat_wal", "pg_stat_io", "no_such_relation")


async def capabilities_at(dsn: str) -> Capabilities:
    async with session_at(dsn) as session:
        return await find_capabilities(session, RELATIONS, CATALOG.settings, deadline=20)


def hidden(found: Capabilities) -> dict[str, Invisible]:
    return {name: each for each in invisible(CATALOG, found) for name in each.what.split(", ")}


@pytest.mark.pg("all")
async def test_a_monitor_learns_what_the_server_is(database: Database) -> None:
    found = await capabilities_at(database.dsn(MONITOR))
    query = """
        select s.system_identifier, c.timeline_id, (extract(epoch from pg_postmaster_start_time()) * 1e6)::int8
        from pg_control_system() s, pg_control_checkpoint() c
    """
    ((system_identifier, timeline, started_at),) = database.execute(query)
    assert found.identity.system_identifier == system_identifier
    assert found.identity.timeline == timeline
    assert found.started_at == started_at
    assert found.major == database.server.major
    assert found.version == database.server.binaries.version
    assert (found.role, found.database) == (MONITOR, database.name)
    assert not found.in_recovery
    assert not found.is_superuser
    assert not found.pooled
    assert {"pg_monitor", "pg_read_all_stats", "pg_read_all_settings"} <= found.roles
    assert found.extensions["pg_stat_statements"][0] == "public"
    assert found.settings["track_io_timing"] == "on"
    assert found.settings["shared_preload_libraries"] == "pg_stat_statements"
    assert ("reserved_connections" in found.settings) == (found.major >= 16)
    since = {"io"} if found.major < 16 else set()
    late = {"wal.wal_write_time", "wal.wal_sync_time"}
    if found.major >= 18:
        late = {"io.wal_read_time", "io.wal_write_time", "io.wal_fsync_time"}
    assert set(hidden(found)) == since | late


@pytest.mark.pg("all")
async def test_it_learns_which_tables_are_there_and_whether_they_can_be_read(database: Database) -> None:
    async def tables() -> Mapping[str, bool]:
        async with session_at(database.dsn(MONITOR)) as session:
            found = await find_capabilities(session, (), (), ("queues.meta", "queues.none", "public.meta"), deadline=20)
            return found.tables

    assert await tables() == {}
    database.execute("create schema queues create table meta (id int)")
    assert await tables() == {"queues.meta": False}
    with database.connect() as connection:
        connection.execute(f"grant usage on schema queues to {MONITOR}")
        assert await tables() == {"queues.meta": False}
        connection.execute(f"grant select on queues.meta to {MONITOR}")
    assert await tables() == {"queues.meta": True}


@pytest.mark.pg("all")
async def test_it_learns_the_columns_that_the_catalog_asks_about(database: Database) -> None:
    found = await capabilities_at(database.dsn(MONITOR))
    assert set(found.columns) == set(RELATIONS)
    assert found.columns["no_such_relation"] == frozenset()
    assert ("stats_since" in found.columns["pg_stat_statements"]) == (found.major >= 17)
    assert ("wal_write" in found.columns["pg_stat_wal"]) == (found.major < 18)
    assert bool(found.columns["pg_stat_io"]) == (found.major >= 16)


async def test_where_pg_control_may_not_be_read_the_identity_is_the_version_alone(database: Database) -> None:
    database.execute("revoke execute on function pg_control_system() from public, pg_monitor")
    found = await capabilities_at(database.dsn(MONITOR))
    assert found.identity.system_identifier is None
    assert found.identity.timeline is None
    assert found.major == database.server.major


async def test_the_extension_is_found_in_any_schema_and_a_users_table_of_its_name_is_not(database: Database) -> None:
    with database.connect() as superuser:
        superuser.execute("drop extension pg_stat_statements")
        superuser.execute('create schema "Odd one"')
        superuser.execute('create extension pg_stat_statements schema "Odd one"')
        superuser.execute("create schema other")
        superuser.execute("create table other.pg_stat_statements (mine int)")
        superuser.execute("create extension pg_buffercache schema other")
    found = await capabilities_at(database.dsn(MONITOR))
    assert found.extensions["pg_stat_statements"][0] == "Odd one"
    assert "mine" not in found.columns["pg_stat_statements"]
    assert "calls" in found.columns["pg_stat_statements"]


@pytest.mark.pg("all")
async def test_a_role_without_rights_learns_what_it_cannot_see_and_how_to(database: Database) -> None:
    database.execute("create role outsider login password 'of the test'")
    try:
        dsn = database.dsn("outsider", password="of the test")
        found = await capabilities_at(dsn)
        assert found.identity.version_num // 10_000 == database.server.major
        others = {"statements", "queries", "sessions", "connections"}
        assert set(hidden(found)) >= others
        assert hidden(found)["sessions"].remedy == 'GRANT pg_monitor TO "outsider";'
        database.execute('GRANT pg_monitor TO "outsider";')
        assert not set(hidden(await capabilities_at(dsn))) & others
    finally:
        database.execute("drop role outsider")


@pytest.mark.pg(14, 17, 18)
async def test_an_old_version_of_the_extension_is_told_and_updated(database: Database) -> None:
    with database.connect() as superuser:
        superuser.execute("drop extension pg_stat_statements")
        superuser.execute("create extension pg_stat_statements version '1.8'")
        dsn = database.dsn(MONITOR)
        found = await capabilities_at(dsn)
        old = hidden(found)
        assert "1.8" in old["statements_info"].reason
        if found.major >= 17:
            assert "1.8" in old["statements.stats_since"].reason
            assert old["statements.stats_since"].remedy == old["statements_info"].remedy
        superuser.execute(old["statements_info"].remedy or "")
        assert not [name for name in hidden(await capabilities_at(dsn)) if name.startswith("statements")]


SWITCHED_OFF = {
    "shared_preload_libraries": "auto_explain",
    "compute_query_id": "off",
    "track_activities": "off",
    "track_counts": "off",
    "track_io_timing": "off",
}


@pytest.mark.pg(14, 18)
async def test_the_remedies_make_everything_visible(private_server: MakeServer, major: int) -> None:
    server = private_server(major)
    with psycopg.connect(server.dsn(), autocommit=True) as superuser:
        superuser.execute("drop extension pg_stat_statements")
        superuser.execute(f"revoke pg_monitor from {MONITOR}")
    server.configure(SWITCHED_OFF)
    server.restart()
    seen = set()
    for _ in range(3):  # some remedies show what else is missing
        found = invisible(CATALOG, await capabilities_at(server.dsn(MONITOR)))
        seen |= {each.reason for each in found}
        apply(server, [each.remedy or "" for each in found])
    assert {each.what for each in invisible(CATALOG, await capabilities_at(server.dsn(MONITOR)))} <= {"io"}
    assert len(seen) >= 7
    async with session_at(server.dsn(MONITOR)) as session:
        loaded = (await find_capabilities(session, RELATIONS)).settings["shared_preload_libraries"]
    assert loaded.replace(" ", "").replace('"', "") == "auto_explain,pg_stat_statements"


def apply(server: Server, remedies: list[str]) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as superuser:
        for statement in {line for remedy in remedies for line in remedy.splitlines()}:
            if not statement.startswith("--"):
                superuser.execute(statement.partition(" --")[0])
    server.restart()


async def test_behind_a_pooler_it_says_so(database: Database, pgbouncer: MakePgBouncer) -> None:
    found = await capabilities_at(database.dsn(MONITOR, port=pgbouncer(database.server).port))
    assert found.pooled
    assert found.extensions


async def test_where_the_catalog_is_locked_it_is_an_error_with_a_remedy(database: Database) -> None:
    with database.connect() as superuser:
        async with session_at(database.dsn(MONITOR)) as session:
            with locked(superuser, "pg_catalog.pg_extension"), pytest.raises(ConnectError) as caught:
                await find_capabilities(session, RELATIONS)
            assert caught.value.condition is Condition.UNREACHABLE
            assert caught.value.remedy
            assert (await find_capabilities(session, RELATIONS)).extensions
