"""A collector on real servers, with the real store behind it."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from collect.watched import Watched
from fix_house import slowed_by
from fix_pgbouncer import MakePgBouncer
from fix_proxy import MakeProxy
from fix_servers import MONITOR, Database, MakeServer, connect
from pgvigil.catalog import Catalog, load
from pgvigil.collect import LiveEvent, PassKept, Sample, StateChanged
from pgvigil.collect.dialing import LATE, TIMEOUT
from pgvigil.collect.removals import Removals
from pgvigil.model import Condition
from pgvigil.sandbox.proxy import Proxy
from pgvigil.sandbox.server import SUPERUSER, Server
from pgvigil.store import Store
from pgvigil.store.errors import StoreFailedError

TOLD = 5.0
"""Seconds, on a machine that does nothing else, until a cause is named."""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load()


def activity(server: Server) -> list[tuple[object, ...]]:
    with connect(server) as connection:
        return connection.execute("select state, query from pg_stat_activity where usename = %s", (MONITOR,)).fetchall()


def statistics_of(database: Database) -> None:
    """Wait until the server counts for a new database: on 14 that begins with a moment of reset, which cannot be told
    from a reset, and would rightly be a gap."""
    begun = "select xact_commit > 0 from pg_stat_database where datname = current_database()"
    while database.execute(begun) != [(True,)]:
        time.sleep(0.1)


@pytest.mark.pg("all")
async def test_a_server_is_watched_with_two_connections_and_every_probe_brings_rows(
    tmp_path: Path, catalog: Catalog, database: Database
) -> None:
    database.execute("create table held (id int primary key)")
    database.execute("insert into held select generate_series(1, 50)")
    statistics_of(database)
    async with Watched(tmp_path, catalog, database.dsn(MONITOR)) as watched:
        await watched.until_state(Condition.WATCHING)
        for _ in range(3):
            database.execute("select count(*) from held where id > 7")
        await watched.until_passes(2)
        outcomes = dict(watched.rows("select probe, list(distinct outcome) from passes group by probe"))
        for name, probe in catalog.probes.items():
            if not probe.on_sampler and probe.when is None:
                assert outcomes.get(name) in (["ok"], ["invisible"]), name
        counted = """
            select sum(s.calls) from statements s join queries q using (target, incarnation, queryid)
            where q.text like '%from held where id >%'
        """
        assert watched.one(counted) == 3
        assert watched.last("tables")
        # A third one may be there for the moment of a visit to another database.
        assert len(activity(database.server)) <= 3
        await watched.until(lambda: len(activity(database.server)) == 2, "the visit's end")
        assert watched.rows("select probe, since, until, reason, detail from gaps") == []
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


@asynccontextmanager
async def watched_through(hop: Proxy, tmp_path: Path, catalog: Catalog, database: Database) -> AsyncIterator[Watched]:
    """Once a pass has gone through the proxy."""
    async with Watched(tmp_path, catalog, database.dsn(MONITOR, port=hop.port)) as watched:
        await watched.until_passes(1)
        yield watched


async def test_a_black_hole_is_told_and_left_again(
    tmp_path: Path, catalog: Catalog, database: Database, proxy: MakeProxy
) -> None:
    hop = proxy(database.server.port)
    async with watched_through(hop, tmp_path, catalog, database) as watched:
        hop.stall()
        await watched.until_state(Condition.UNREACHABLE, "did not answer")
        hop.flow()
        await watched.until_state(Condition.WATCHING)
        await watched.until_passes(1)
        assert watched.one("select count(*) from gaps where probe = 'statements'") == 0


async def test_a_black_hole_for_newcomers_is_told_in_time_and_once(
    tmp_path: Path, catalog: Catalog, database: Database, proxy: MakeProxy
) -> None:
    hop = proxy(database.server.port)
    async with watched_through(hop, tmp_path, catalog, database) as watched:
        hop.stall()
        hop.cut()
        slowness = slowed_by()
        silent = f"accepted the connection and then said nothing for {LATE:g} s"
        took = await watched.until_state(Condition.UNREACHABLE, silent)
        assert took <= TOLD * max(slowness, slowed_by())
        assert "is not frozen" in watched.collector.state.remedy
        changes = heard(watched, StateChanged)
        await asyncio.sleep(2 * (TIMEOUT - LATE))
        assert heard(watched, StateChanged) == changes, "that an attempt is given up is no news"
        hop.flow()
        await watched.until_state(Condition.WATCHING)


async def test_a_connection_that_is_cut_is_made_again(
    tmp_path: Path, catalog: Catalog, database: Database, proxy: MakeProxy
) -> None:
    hop = proxy(database.server.port)
    database.execute("create table behind_a_cut (id int)")  # a statement is told apart by its table, not by its names
    async with watched_through(hop, tmp_path, catalog, database) as watched:
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


async def test_a_connection_that_is_cut_between_two_looks_and_made_again_at_once_is_no_news(
    tmp_path: Path, catalog: Catalog, database: Database, proxy: MakeProxy
) -> None:
    hop = proxy(database.server.port)
    async with Watched(tmp_path, catalog, database.dsn(MONITOR, port=hop.port)) as watched:
        await watched.until_state(Condition.WATCHING)
        await watched.until_passes(1)
        changes = heard(watched, StateChanged)
        accepted = hop.accepted
        samples = heard(watched, Sample)
        await watched.until(lambda: heard(watched, Sample) > samples, "a sample, so that the next is a second away")
        hop.cut()
        samples = heard(watched, Sample)
        await watched.until(lambda: hop.accepted >= accepted + 2, "both connections again")
        await watched.until(lambda: heard(watched, Sample) > samples + 1, "samples")
        await watched.until_passes(1)
        assert heard(watched, StateChanged) == changes, watched.events


def heard(watched: Watched, kind: type[LiveEvent]) -> int:
    return sum(isinstance(event, kind) for event in watched.events)


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


async def test_without_a_place_for_a_third_connection_it_says_that_databases_are_not_visited(
    tmp_path: Path, catalog: Catalog, private_server: MakeServer
) -> None:
    server = private_server()
    limit = f"alter role {MONITOR} connection limit"
    with connect(server) as connection:
        connection.execute(f"{limit} 2")
        told = "select count(*) from passes where probe = 'tables' and outcome"
        async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
            await watched.until_state(Condition.LIMITED, "connection limit")
            assert "tables, indexes" in watched.collector.state.cause
            assert watched.collector.state.remedy
            assert watched.one(f"{told} = 'failed' and reason like '%connection limit%'") == 1
            read = "select count(*) from passes where probe = 'statements' and outcome = 'ok'"
            await watched.until(lambda: watched.one(read) >= 1, "statements read all the same")
            connection.execute(f"{limit} 4")
            await watched.until_state(Condition.WATCHING)
            assert watched.one(f"{told} = 'ok'") == 1


@pytest.mark.parametrize("majors", [(18, 18), (17, 18)], ids=["another_system", "another_major"])
async def test_another_server_behind_the_same_address_is_another_incarnation(
    tmp_path: Path, catalog: Catalog, private_server: MakeServer, proxy: MakeProxy, majors: tuple[int, int]
) -> None:
    one, other = (private_server(major) for major in majors)
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
        hop.lead_to(other.port)
        slowness = slowed_by()
        took = await watched.until_state(Condition.LIMITED, "Another server answers at this address")
        assert took <= TOLD * max(slowness, slowed_by())
        assert f"PostgreSQL {majors[1]}." in watched.collector.state.cause
        assert f"it was PostgreSQL {majors[0]}." in watched.collector.state.cause
        assert "target of its own" in watched.collector.state.remedy
        await watched.until(lambda: watched.one("select count(distinct incarnation) from passes") == 2, "two")
        await watched.until_passes(2)
        assert watched.one("select count(*) from gaps where reason = 'identity' and probe = 'statements'") == 1
        told = watched.rows(
            "select s.calls from statements s join queries q using (target, incarnation, queryid) "
            "where q.text like '%of_the_other%' and s.calls > 0"
        )
        assert told == []
        assert watched.one("select count(*) from events where kind = 'identity'") == 1


# -- what changes while we watch --------------------------------------------------------------------------------------


def calls_of(watched: Watched, table: str) -> int:
    """Calls stored of the statements that read a table."""
    found = watched.one(f"""
        select sum(s.calls) from statements s join queries q using (target, incarnation, queryid)
        where q.text like 'select count(*) from {table}%'
    """)
    return int(found or 0)


@pytest.mark.pg(14, 18)
async def test_statements_that_come_into_sight_with_a_grant_are_a_baseline_and_not_new(
    tmp_path: Path, catalog: Catalog, private_server: MakeServer
) -> None:
    server = private_server()
    with connect(server) as connection:
        connection.execute("create table seen_late (id int)")
        connection.execute("create role guest login password 'guest'")
        for _ in range(50):
            connection.execute("select count(*) from seen_late")
    async with Watched(tmp_path, catalog, server.dsn("guest", password="guest")) as watched:
        await watched.until_state(Condition.LIMITED, "pg_monitor")
        await watched.until_passes(1, "databases")
        with connect(server) as connection:
            connection.execute("grant pg_monitor to guest")
        await watched.until_passes(1, "databases")
        await watched.until_state(Condition.WATCHING)
        await watched.until_passes(1)
        with connect(server) as connection:
            connection.execute("select count(*) from seen_late")
        await watched.until_passes(1)
        assert calls_of(watched, "seen_late") == 1


async def test_a_backend_that_is_killed_takes_the_counters_along_and_that_is_a_gap(
    tmp_path: Path, catalog: Catalog, private_server: MakeServer
) -> None:
    """The server starts anew within one postmaster: its start time stays, its counters do not."""
    server = private_server()
    with connect(server) as connection:
        connection.execute("create table counted (id int)")
    async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
        await watched.until_passes(1)
        with connect(server) as connection:
            for _ in range(7):
                connection.execute("select count(*) from counted")
            await watched.until_passes(1)
            connection.execute("select count(*) from counted")
            (pid,) = connection.execute("select pg_backend_pid()").fetchone() or (0,)
            os.kill(pid, signal.SIGKILL)
        await watched.until(lambda: answers(server), "the recovery")
        with connect(server) as connection:
            for _ in range(3):
                connection.execute("select count(*) from counted")
        await watched.until_state(Condition.WATCHING)
        await watched.until_passes(1)
        assert calls_of(watched, "counted") in {10, 11}
        assert watched.one("select count(*) from gaps where probe = 'statements'") == 1


def answers(server: Server) -> bool:
    try:
        connect(server).close()
    except psycopg.OperationalError:
        return False
    return True


async def test_an_extension_that_is_updated_while_we_watch_is_read_with_its_new_columns(
    tmp_path: Path, catalog: Catalog, private_server: MakeServer
) -> None:
    server = private_server()
    with connect(server) as connection:
        connection.execute("drop extension pg_stat_statements")
        connection.execute("create extension pg_stat_statements version '1.10'")
        connection.execute("create table counted (id int)")
    async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
        await watched.until_passes(2)
        with connect(server) as connection:
            connection.execute("alter extension pg_stat_statements update")
            for _ in range(4):
                connection.execute("select count(*) from counted")
        await watched.until_passes(2)
        assert calls_of(watched, "counted") == 4
        assert watched.one("select count(*) from statements where stats_since is not null") > 0


async def test_two_databases_are_visited_with_one_more_connection(
    tmp_path: Path, catalog: Catalog, private_server: MakeServer
) -> None:
    server = private_server()
    with connect(server) as connection:
        connection.execute("create database second")
        connection.execute("create table here (id int)")
        oids = connection.execute(
            "select oid::int8 from pg_database where datname in ('postgres', 'second')"
        ).fetchall()
    with connect(server, "second") as connection:
        connection.execute("create table there (id int)")
    most = 0
    async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
        while len({row["dbid"] for row in watched.last("tables")}) < 2:
            most = max(most, len(activity(server)))
            await asyncio.sleep(0.01)
        assert {row["dbid"] for row in watched.last("tables")} == {oid for (oid,) in oids}
    assert most <= 3


async def test_a_dear_database_counts_beside_a_cheap_one_in_what_a_turn_costs(
    tmp_path: Path, catalog: Catalog, private_server: MakeServer
) -> None:
    server = private_server()
    with connect(server) as connection:
        connection.execute("create database dear")
    with connect(server, "dear") as connection:
        loop = "for number in 1..6000 loop execute format('create table t%s (id int)', number); end loop;"
        connection.execute(f"do $$ begin {loop} end $$")
    async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
        visits = "select elapsed_ms from passes where probe = 'tables' order by elapsed_ms"
        await watched.until(lambda: len(watched.rows(visits)) == 2, "two visits")
        governor = watched.collector._shift._tools.governor
        await watched.until(lambda: governor.cost_ms("tables"), "the cost of the round")
        (cheap,), (dear,) = watched.rows(visits)
        assert cheap < dear / 2
        assert governor.cost_ms("tables") > 0.7 * dear


async def test_what_the_looks_of_a_bucket_took_is_kept_with_it(
    tmp_path: Path, catalog: Catalog, database: Database
) -> None:
    async with Watched(tmp_path, catalog, database.dsn(MONITOR)) as watched:
        looks = "select samples, elapsed_ms from passes where probe = 'sessions' and samples > 1"
        await watched.until(lambda: watched.rows(looks), "a bucket")
        for samples, took in watched.rows(looks):
            assert 0.0 < took < samples * 1_000


async def test_through_a_pooler_everything_works_with_what_is_left(
    tmp_path: Path, catalog: Catalog, database: Database, pgbouncer: MakePgBouncer
) -> None:
    pooler = pgbouncer(database.server)
    database.execute("create table counted (id int)")
    async with Watched(tmp_path, catalog, database.dsn(MONITOR, port=pooler.port)) as watched:
        await watched.until_state(Condition.WATCHING)
        await watched.until_passes(1)
        database.execute("select count(*) from counted")
        await watched.until_passes(1)
        assert watched.collector.capabilities is not None
        assert watched.collector.capabilities.pooled
        assert calls_of(watched, "counted") == 1


@pytest.mark.pg(15, 18)
async def test_fingerprints_stay_out_of_a_log_that_takes_every_statement(
    tmp_path: Path, catalog: Catalog, private_server: MakeServer
) -> None:
    server = private_server(settings={"log_min_duration_statement": "0"})
    with connect(server) as connection:
        connection.execute("create table counted (id int)")
    async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
        await watched.until_passes(2)
        with connect(server) as connection:
            connection.execute("select count(*) from counted")
        await watched.until_passes(2)
        assert calls_of(watched, "counted") == 1
    arrays = [line for line in server.log_text().splitlines() if "$1 = '{" in line and "$1 = '{}'" not in line]
    assert [line for line in arrays if len(line) > 8_000] == []
    assert not any("pgvigil_fingerprint" in line for line in arrays)


def mistaken(_: Removals) -> None:
    raise KeyError("a literal: 4711")


async def test_a_mistake_of_ours_ends_a_shift_and_the_next_counts_on(
    tmp_path: Path,
    catalog: Catalog,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    database.execute("create table counted (id int)")
    async with Watched(tmp_path, catalog, database.dsn(MONITOR)) as watched:
        await watched.until_passes(1)
        database.execute("select count(*) from counted")
        with monkeypatch.context() as broken:
            broken.setattr(Removals, "take", mistaken)
            watched.collector.look_now()
            await watched.until(lambda: "mistake" in caplog.text, "the mistake")
        await watched.until_passes(1)
        assert calls_of(watched, "counted") == 1
        assert watched.collector.state.condition is Condition.WATCHING
    assert "KeyError in " in caplog.text
    assert "4711" not in caplog.text


async def test_a_target_that_does_not_answer_holds_up_no_other(
    tmp_path: Path, catalog: Catalog, database: Database, proxy: MakeProxy
) -> None:
    hop = proxy(database.server.port)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    async with (
        Watched(tmp_path / "a", catalog, database.dsn(MONITOR, port=hop.port)) as silent,
        Watched(tmp_path / "b", catalog, database.dsn(MONITOR)) as lively,
    ):
        await silent.until_passes(1)
        await lively.until_passes(1)
        hop.stall()
        await silent.until_state(Condition.UNREACHABLE)
        seen = len([event for event in lively.events if isinstance(event, Sample)])
        await lively.until_passes(3)
        samples: Callable[[], int] = lambda: len([each for each in lively.events if isinstance(each, Sample)])  # noqa: E731
        await lively.until(lambda: samples() > seen + 3, "samples")
        assert lively.one("select count(*) from passes where outcome in ('skipped', 'late', 'failed')") == 0
        assert lively.collector.state.condition is Condition.WATCHING


async def test_what_the_keeper_cannot_take_is_counted_later_and_nothing_is_lost(
    tmp_path: Path, catalog: Catalog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute("create table counted (id int)")
    async with Watched(tmp_path, catalog, database.dsn(MONITOR)) as watched:
        await watched.until_passes(1)
        with monkeypatch.context() as full:
            full.setattr(Store, "append_packed", refusing)
            database.execute("select count(*) from counted")
            watched.collector.look_now()
            await watched.until(lambda: watched.writer.state.held, "a pass in memory")
            database.execute("select count(*) from counted")
        await watched.until_passes(1)
        assert calls_of(watched, "counted") == 2
        assert watched.one("select count(*) from gaps where probe = 'statements'") == 0


def refusing(*_: object) -> None:
    raise StoreFailedError("No space left on device.")


@pytest.mark.slow(reason="waits out what a connection may take at a locked catalog")
async def test_a_connection_made_while_the_catalog_is_locked_waits_and_writes_little_into_the_log(
    tmp_path: Path, catalog: Catalog, private_server: MakeServer
) -> None:
    server = private_server()
    with connect(server) as holder:
        holder.execute("begin")
        holder.execute("lock table pg_proc in access exclusive mode")
        async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
            await watched.until(lambda: watched.collector.state.cause, "a cause")
            await asyncio.sleep(12)
            holder.execute("rollback")
            await watched.until_state(Condition.WATCHING)
            await watched.until_passes(1)
    lines = [line for line in server.log_text().splitlines() if "ERROR" in line or "FATAL" in line]
    assert len(lines) <= 6, lines
