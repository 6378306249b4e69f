"""A collector on real servers, with the real store behind it."""

import asyncio
import time
from pathlib import Path

import psycopg
import pytest

from collect.watched import Watched
from fix_proxy import MakeProxy
from fix_servers import MONITOR, Database, MakeServer, connect
from pgvigil.catalog import Catalog, load
from pgvigil.collect import PassKept, Sample, StateChanged
from pgvigil.model import Condition
from pgvigil.sandbox.server import SUPERUSER, Server


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load()


def activity(server: Server) -> list[tuple[object, ...]]:
    with connect(server) as connection:
        return connection.execute("select state, query from pg_stat_activity where usename = %s", (MONITOR,)).fetchall()


@pytest.mark.pg("all")
async def test_a_server_is_watched_with_two_connections_and_every_probe_brings_rows(
    tmp_path: Path, catalog: Catalog, database: Database
) -> None:
    database.execute("create table held (id int primary key)")
    database.execute("insert into held select generate_series(1, 50)")
    async with Watched(tmp_path, catalog, database.dsn(MONITOR)) as watched:
        await watched.until_state(Condition.WATCHING)
        for _ in range(3):
            database.execute("select count(*) from held where id > 7")
        await watched.until_passes(2)
        outcomes = dict(watched.rows("select probe, list(distinct outcome) from passes group by probe"))
        for name, probe in catalog.probes.items():
            if not probe.on_sampler:
                assert outcomes.get(name) in (["ok"], ["invisible"]), name
        counted = """
            select sum(s.calls) from statements s join queries q using (target, incarnation, queryid)
            where q.text like '%from held where id >%'
        """
        assert watched.one(counted) == 3
        assert watched.last("tables")
        assert len(activity(database.server)) == 2
        assert watched.one("select count(*) from gaps") == 0
    assert watched.collector.state.condition is Condition.STOPPED


async def test_sessions_are_counted_every_second_with_what_they_wait_for(
    tmp_path: Path, catalog: Catalog, database: Database
) -> None:
    async with Watched(tmp_path, catalog, database.dsn(MONITOR)) as watched:
        await watched.until_state(Condition.WATCHING)
        with database.connect(application_name="sleeper") as busy:
            asleep = asyncio.create_task(
                asyncio.to_thread(busy.execute, "select pg_sleep(12) /*route='/orders',token='s3cr3t'*/")
            )
            await watched.until(
                lambda: watched.one("select count(*) from sessions where application = 'sleeper'"), "a bucket"
            )
            await asleep
        seen = watched.rows(
            "select state, wait_event_type, wait_event, tags, samples from sessions where application = 'sleeper'"
        )
        assert seen[0][:4] == ("active", "Timeout", "PgSleep", "route=/orders")
        taken = watched.one("select max(samples) from passes where probe = 'sessions'")
        assert 1 <= seen[0][4] <= taken <= 10
        live = [event for event in watched.events if isinstance(event, Sample) and event.active.get("Timeout")]
        assert live


async def test_counting_goes_on_after_a_stop_with_the_time_that_passed(
    tmp_path: Path, catalog: Catalog, database: Database
) -> None:
    database.execute("create table while_it_was_away (id int)")
    async with Watched(tmp_path, catalog, database.dsn(MONITOR)) as watched:
        await watched.until_passes(1)
        incarnation = watched.one("select max(incarnation) from passes")
    for _ in range(5):
        database.execute("select count(*) from while_it_was_away")
    await asyncio.sleep(2)
    async with Watched(tmp_path, catalog, database.dsn(MONITOR)) as watched:
        await watched.until_passes(2)
        found = watched.rows("""
            select s.calls, s.secs, s.uncertain, s.incarnation
            from statements s join queries q using (target, incarnation, queryid)
            where q.text like '%count(*) from while_it_was_away%' and s.calls > 0
        """)
        assert [(calls, uncertain) for calls, _, uncertain, _ in found] == [(5, False)]
        assert found[0][1] >= 2
        assert found[0][3] == incarnation
        assert watched.rows("select * from gaps where probe = 'statements'") == []


async def test_a_setting_that_changes_is_an_event_and_a_secret_one_is_hidden(
    tmp_path: Path, catalog: Catalog, private_server: MakeServer
) -> None:
    server = private_server(settings={"primary_conninfo": "host=nowhere password=t0psecret"})
    async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
        await watched.until_passes(1, "settings")
        server.configure({"work_mem": "9MB"})
        server.reload()
        while not watched.one("select count(*) from events where kind = 'setting'"):
            await watched.until_passes(1, "settings")
        assert watched.rows("select subject, before, after from events where kind = 'setting'") == [
            ("work_mem", "4096", "9216")
        ]
        (secret,) = [row["value"] for row in watched.last("settings") if row["name"] == "primary_conninfo"]
        assert "hidden" in secret
        assert "t0psecret" not in secret


async def test_who_listens_gets_samples_passes_and_changes_of_state(
    tmp_path: Path, catalog: Catalog, database: Database
) -> None:
    async with Watched(tmp_path, catalog, database.dsn(MONITOR)) as watched:
        await watched.until_passes(1)
        await watched.until(lambda: any(isinstance(event, Sample) for event in watched.events), "a sample")
    kinds = [type(event) for event in watched.events]
    assert kinds[0] is StateChanged
    assert PassKept in kinds
    assert isinstance(watched.events[-1], StateChanged)
    assert watched.events[-1].state.condition is Condition.STOPPED


async def test_stopping_takes_no_time(tmp_path: Path, catalog: Catalog, database: Database) -> None:
    async with Watched(tmp_path, catalog, database.dsn(MONITOR)) as watched:
        await watched.until_passes(1)
        began = time.process_time()
        await watched.collector.stop()
        assert time.process_time() - began < 2
        assert activity(database.server) == [] or await gone(database.server)


async def gone(server: Server) -> bool:
    for _ in range(100):
        if not activity(server):
            return True
        await asyncio.sleep(0.05)
    return False


# -- hard cases ------------------------------------------------------------------------------------------------------


async def test_a_server_that_is_down_at_the_start_and_comes_later(
    tmp_path: Path, catalog: Catalog, private_server: MakeServer
) -> None:
    server = private_server()
    server.stop()
    async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
        await watched.until_state(Condition.UNREACHABLE)
        assert str(server.port) in watched.collector.state.cause
        assert watched.collector.state.remedy
        server.start()
        await watched.until_state(Condition.WATCHING)
        await watched.until_passes(1)


async def test_a_black_hole_is_told_and_left_again(
    tmp_path: Path, catalog: Catalog, database: Database, proxy: MakeProxy
) -> None:
    hop = proxy(database.server.port)
    async with Watched(tmp_path, catalog, database.dsn(MONITOR, port=hop.port)) as watched:
        await watched.until_passes(1)
        hop.stall()
        await watched.until_state(Condition.UNREACHABLE, "did not answer")
        hop.flow()
        await watched.until_state(Condition.WATCHING)
        await watched.until_passes(1)
        assert watched.one("select count(*) from gaps where probe = 'statements'") == 0


async def test_a_connection_that_is_cut_is_made_again(
    tmp_path: Path, catalog: Catalog, database: Database, proxy: MakeProxy
) -> None:
    hop = proxy(database.server.port)
    database.execute("create table behind_a_cut (id int)")  # a statement is told apart by its table, not by its names
    async with Watched(tmp_path, catalog, database.dsn(MONITOR, port=hop.port)) as watched:
        await watched.until_passes(1)
        hop.refuse()
        await watched.until_state(Condition.UNREACHABLE)
        for _ in range(4):
            database.execute("select count(*) from behind_a_cut")
        hop.accept()
        await watched.until_state(Condition.WATCHING)
        await watched.until_passes(1)
        counted = """
            select sum(s.calls) from statements s join queries q using (target, incarnation, queryid)
            where q.text like '%count(*) from behind_a_cut%'
        """
        assert watched.one(counted) == 4
        assert watched.one("select count(*) from gaps where probe = 'statements'") == 0


async def test_a_wrong_password_is_told_with_what_to_do(tmp_path: Path, catalog: Catalog, database: Database) -> None:
    dsn = database.dsn(MONITOR, password="wrong")
    async with Watched(tmp_path, catalog, dsn) as watched:
        await watched.until_state(Condition.REFUSED, "password")
        assert "wrong" not in watched.collector.state.cause
        assert watched.collector.state.remedy


async def test_a_role_without_pg_monitor_and_a_missing_extension_limit_what_is_seen(
    tmp_path: Path, catalog: Catalog, private_server: MakeServer
) -> None:
    server = private_server()
    with connect(server) as connection:
        connection.execute("drop extension pg_stat_statements")
        connection.execute("create role blind login password 'dark'")
    async with Watched(tmp_path, catalog, server.dsn("blind", password="dark")) as watched:
        await watched.until_state(Condition.LIMITED)
        assert "GRANT pg_monitor TO" in watched.collector.state.remedy
        await watched.until(lambda: watched.one("select count(*) from passes where outcome = 'ok'"), "a pass")
        assert watched.rows("select outcome, reason from passes where probe = 'statements'")[0][0] == "invisible"
        assert server.log_text().count("ERROR") == 0


@pytest.mark.pg(14, 18)
async def test_a_locked_catalog_costs_no_error_in_the_log_and_is_told(
    tmp_path: Path, catalog: Catalog, private_server: MakeServer
) -> None:
    server = private_server()
    async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
        await watched.until_passes(1)
        await watched.until(lambda: any(isinstance(event, Sample) for event in watched.events), "a sample")
        with connect(server) as holder:
            holder.execute("begin")
            holder.execute("lock table pg_class, pg_database in access exclusive mode")
            await watched.until_state(Condition.LIMITED, "locked")
            for _ in range(3):
                watched.collector.look_now()
                await asyncio.sleep(1)
            assert "pg_locks" in watched.collector.state.remedy
            holder.execute("rollback")
        await watched.until_state(Condition.WATCHING)
        await watched.until_passes(1)
        errors = [line for line in server.log_text().splitlines() if "ERROR" in line]
        assert len(errors) <= 1, errors


async def test_the_last_connections_are_left_to_others(
    tmp_path: Path, catalog: Catalog, private_server: MakeServer
) -> None:
    server = private_server(settings={"max_connections": "10", "superuser_reserved_connections": "3"})
    with connect(server) as first, connect(server) as second:
        others: list[psycopg.Connection[tuple[object, ...]]] = [first, second]
        others += [connect(server, user=MONITOR) for _ in range(4)]
        try:
            async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
                await watched.until_state(Condition.REFUSED, "connections")
                for connection in others[2:]:
                    connection.close()
                await watched.until_state(Condition.WATCHING)
        finally:
            for connection in others:
                connection.close()


async def test_another_server_behind_the_same_address_is_another_incarnation(
    tmp_path: Path, catalog: Catalog, private_server: MakeServer, proxy: MakeProxy
) -> None:
    one, other = private_server(), private_server()
    with connect(other) as connection:
        connection.execute("create table of_the_other (id int)")
        for _ in range(9):
            connection.execute("select count(*) from of_the_other")
    hop = proxy(one.port)
    dsn = one.dsn(SUPERUSER, port=hop.port)
    other_password = other.passwords[SUPERUSER]
    with connect(one) as connection:
        connection.execute(f"alter role {SUPERUSER} password '{other_password}'")
    one.passwords[SUPERUSER] = other_password
    dsn = one.dsn(SUPERUSER, port=hop.port)
    async with Watched(tmp_path, catalog, dsn) as watched:
        await watched.until_passes(2)
        hop.refuse()
        hop._upstream = (hop.host, other.port)
        hop.accept()
        await watched.until(lambda: watched.one("select count(distinct incarnation) from passes") == 2, "two")
        await watched.until_passes(2)
        assert watched.one("select count(*) from gaps where reason = 'identity' and probe = 'statements'") == 1
        told = watched.rows(
            "select s.calls from statements s join queries q using (target, incarnation, queryid) "
            "where q.text like '%of_the_other%' and s.calls > 0"
        )
        assert told == []
        assert watched.one("select count(*) from events where kind = 'identity'") == 1
