"""What later packs will need of the collector, on toy probes: objects found, conditions, edges, things told once."""

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import pytest

from collect.watched import Watched
from fix_proxy import MakeProxy
from fix_servers import MONITOR, Database, MakeServer, connect
from pgvigil.analyse.probes import probe_health
from pgvigil.catalog import SHIPPED, load
from pgvigil.collect import Options
from pgvigil.collect.governor import MOST
from pgvigil.model import Condition
from pgvigil.serve.watch import Watch
from serve.filled import Client
from toys import COUNTERS, COUNTERS_SQL, load_toys, write_pack

COUNTED_PER_OBJECT = """
summary = "Messages of every queue"
shape = "counters"
every = "10s"
deadline = "250ms"
cost = "little"
key = ["queue"]
for_each = "queues.sql"

[columns.queue]
kind = "key"
type = "text"
privacy = "name"
help = "The queue"

[columns.sent]
kind = "counter"
type = "int8"
help = "Messages sent"
"""
QUEUES = "select c.relname::text as name from pg_class c where c.relname like 'q %' and c.relkind = 'r'"
SENT = "select {object_name}::text as queue, (select q.sent from public.{object} q) as sent"

WAITING = """
summary = "Who waits for whom"
shape = "edges"
every = "1s"
when = "sessions.lock_waiters > 0"
deadline = "250ms"
cost = "little"
key = ["waiter", "blocker"]
calls = ["pg_blocking_pids"]

[columns.waiter]
kind = "key"
type = "int8"
help = "Who waits"

[columns.blocker]
kind = "key"
type = "int8"
help = "For whom"
"""
BLOCKERS = """
select l.pid::int8 as waiter, b.pid::int8 as blocker
from pg_locks l, unnest(pg_blocking_pids(l.pid)) b (pid)
where not l.granted
"""

TOLD = """
summary = "Things that happened"
shape = "events"
every = "10s"
deadline = "250ms"
cost = "little"
key = ["id"]

[columns.id]
kind = "key"
type = "int8"
help = "Which"

[columns.weight]
kind = "gauge"
type = "int8"
help = "How heavy"
"""

PLACED = """
summary = "Rows of a table that is in every database"
shape = "counters"
scope = "database"
every = "10s"
deadline = "250ms"
cost = "little"
key = ["dbid", "part"]

[columns.dbid]
kind = "key"
type = "oid"
help = "Where"

[columns.part]
kind = "key"
type = "text"
privacy = "name"
help = "Which; NULL for the whole"

[columns.hits]
kind = "counter"
type = "int8"
help = "How often"
"""
HERE = """
select d.oid as dbid, v.part, v.hits
from pg_database d, (values (null::text, (select count(*) from pg_class)::int8)) v (part, hits)
where d.datname = current_database()
"""


async def test_a_probe_runs_for_every_object_found_whatever_its_name(tmp_path: Path, database: Database) -> None:
    catalog = load_toys(tmp_path, {"queue": (COUNTED_PER_OBJECT, {"14.sql": SENT, "queues.sql": QUEUES})})
    for name in ('"q plain"', '"q ""odd"""', '"q {object}; drop"'):
        database.execute(f"create table {name} as select 5::int8 as sent".encode())  # type: ignore[arg-type]
    async with Watched(tmp_path, catalog, database.dsn()) as watched:
        await watched.until_passes(1, "queue")
        database.execute('update "q ""odd""" set sent = 8')
        database.execute('create table "q late" as select 2::int8 as sent')
        await watched.until_passes(1, "queue")
        database.execute('alter table "q plain" rename column sent to gone')
        database.execute('update "q late" set sent = 3')
        await watched.until_passes(1, "queue")
        moved = watched.rows("select queue, sent from queue where sent > 0 order by ts, sent desc")
        assert moved == [('q "odd"', 3), ("q late", 2), ("q late", 1)]
        assert {row["queue"]: row["sent"] for row in watched.last("queue")}["q plain"] == 5


LENGTHS = """
summary = "How long every queue is"
shape = "snapshot"
every = "10s"
deadline = "250ms"
cost = "little"
key = ["queue"]
for_each = "queues.sql"
for_each_limit = 2

[columns.queue]
kind = "key"
type = "text"
privacy = "name"
help = "The queue"

[columns.length]
kind = "gauge"
type = "int8"
help = "Messages in it"
"""
LENGTHS_SQL = {
    "queues.sql": QUEUES + " order by 1",
    "14.sql": "select {object_name}::text as queue, (select count(*) from public.{object}) as length",
}


async def test_objects_beyond_the_limit_are_counted_in_the_pass_and_vanished_ones_go(
    tmp_path: Path, database: Database
) -> None:
    catalog = load_toys(tmp_path, {"lengths": (LENGTHS, LENGTHS_SQL)})
    for number in (1, 2, 3):
        database.execute(f'create table "q {number}" (id int)'.encode())  # type: ignore[arg-type]
    async with Watched(tmp_path, catalog, database.dsn()) as watched:
        await watched.until_passes(1, "lengths")
        reason = "select reason from passes where probe = 'lengths' order by ts desc limit 1"
        told = "2 of 3 objects were asked for, as for_each_limit says"
        assert watched.one(reason) == told
        assert probe_health(watched.store, 1, time.time_ns() // 1_000)["lengths"].reason == told
        assert {row["queue"] for row in watched.last("lengths")} == {"q 1", "q 2"}
        database.execute('create table "q 0" (id int)')  # takes the place of one that is still there
        await watched.until_passes(1, "lengths")
        assert {row["queue"] for row in watched.last("lengths")} == {"q 0", "q 1", "q 2"}
        database.execute('drop table "q 0", "q 1", "q 2"')
        await watched.until_passes(1, "lengths")
        assert {row["queue"] for row in watched.last("lengths")} == {"q 3"}
        assert watched.one(reason) is None
        assert probe_health(watched.store, 1, time.time_ns() // 1_000)["lengths"].reason is None
        database.execute('drop table "q 3"')
        await watched.until_passes(1, "lengths")
        assert watched.last("lengths") == []
        assert watched.one("select outcome from passes where probe = 'lengths' order by ts desc limit 1") == "ok"


async def test_an_object_that_is_locked_is_missing_and_not_gone(tmp_path: Path, database: Database) -> None:
    catalog = load_toys(tmp_path, {"lengths": (LENGTHS, LENGTHS_SQL)})
    for name in ("q free", "q held"):
        database.execute(f'create table "{name}" as select 1 as id'.encode())  # type: ignore[arg-type]
    async with Watched(tmp_path, catalog, database.dsn()) as watched:
        await watched.until_passes(1, "lengths")
        with database.connect() as holder:
            holder.execute("begin")
            holder.execute('lock table "q held"')
            database.execute('insert into "q free" values (2)')
            await watched.until_passes(1, "lengths")
            assert watched.rows("select queue, length from lengths order by ts desc limit 1") == [("q free", 2)]
            assert {row["queue"]: row["length"] for row in watched.last("lengths")} == {"q free": 2, "q held": 1}
            reason = watched.one("select reason from passes where probe = 'lengths' order by ts desc limit 1")
            assert reason.startswith("1 of 2 objects brought nothing (lock: ")


async def test_what_is_asked_only_while_somebody_waits_is_asked_then(tmp_path: Path, database: Database) -> None:
    catalog = load([*SHIPPED, write_pack(tmp_path, {"waits": (WAITING, {"14.sql": BLOCKERS})})])
    database.execute("create table held (id int)")
    async with Watched(tmp_path, catalog, database.dsn()) as watched:
        await watched.until_state(Condition.WATCHING)
        assert watched.one("select count(*) from passes where probe = 'waits'") == 0
        with database.connect() as holder, database.connect() as waiter:
            holder.execute("begin")
            holder.execute("lock table held")
            waiting = asyncio.create_task(asyncio.to_thread(waiter.execute, "select count(*) from held"))
            await watched.until(lambda: watched.one("select count(*) from waits"), "an edge")
            pids = (waiter.info.backend_pid, holder.info.backend_pid)
            assert watched.rows("select distinct waiter, blocker from waits") == [pids]
            holder.execute("rollback")
            await waiting
        before = watched.one("select count(*) from passes where probe = 'waits'")
        await watched.until_passes(1)
        await asyncio.sleep(2)
        assert watched.one("select count(*) from passes where probe = 'waits'") <= before + 2


async def test_what_happened_is_told_once(tmp_path: Path, database: Database) -> None:
    database.execute("create table happened as select 1::int8 as id, 7::int8 as weight")
    sql = "select h.id, h.weight from public.happened h"
    catalog = load_toys(tmp_path, {"told": (TOLD, {"14.sql": sql})})
    async with Watched(tmp_path, catalog, database.dsn()) as watched:
        await watched.until_passes(2, "told")
        database.execute("insert into happened values (2, 8)")
        await watched.until_passes(2, "told")
        assert watched.rows("select id, weight from told order by id") == [(1, 7), (2, 8)]


@pytest.mark.pg(14, 18)
async def test_a_probe_of_every_database_counts_each_by_itself_and_its_keys_may_be_null(
    tmp_path: Path, database: Database
) -> None:
    catalog = load_toys(tmp_path, {"placed": (PLACED, {"14.sql": HERE})})
    async with Watched(tmp_path, catalog, database.dsn()) as watched:
        await watched.until(lambda: len(watched.last("placed")) >= 2, "two databases")
        database.execute("create table one_more (id int)")
        name = database.execute("select oid::int8 from pg_database where datname = current_database()")
        moved = f"select hits, part from placed where dbid = {name[0][0]} and hits > 0"
        await watched.until(lambda: watched.rows(moved), "the difference")
        assert watched.rows(moved) == [(1, None)]
    async with Watched(tmp_path, catalog, database.dsn()) as watched:
        database.execute("create table yet_one_more (id int)")
        await watched.until(lambda: len(watched.rows(moved)) == 2, "the difference after a restart")
        assert watched.rows("select count(*) from gaps") == [(0,)]


async def test_a_pass_that_is_held_up_leaves_out_the_turns_that_went_by(
    tmp_path: Path, database: Database, proxy: MakeProxy
) -> None:
    hop = proxy(database.server.port)
    catalog = load_toys(tmp_path, {"toy": (COUNTERS.replace('"10s"', f'"{PERIOD * 1000:g}ms"'), COUNTERS_SQL)})
    async with Watched(tmp_path, catalog, database.dsn(MONITOR, port=hop.port)) as watched:
        count = "select count(*) from passes where outcome = 'ok'"
        await watched.until(lambda: watched.one(count) > 2, "passes")
        hop.stall()
        await asyncio.sleep(3.3 * PERIOD)
        before = watched.one(count)
        hop.flow()
        await watched.until(lambda: watched.one(SKIPPED), "what was left out")
        await asyncio.sleep(2 * PERIOD)
        # The pass that was held up, the one of the turn in which it ended, and one for each turn since.
        assert watched.one(count) - before <= 2 + 3
        assert watched.one(SKIPPED) == 1
        assert watched.one("select count(*) from passes where outcome not in ('ok', 'skipped')") == 0


@pytest.mark.parametrize(("budget", "stretched"), [(1e-9, MOST), (1.0, 1)], ids=["tiny", "ample"])
async def test_what_costs_more_than_the_budget_is_asked_less_often(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch, budget: float, stretched: int
) -> None:
    monkeypatch.setattr("pgvigil.collect.rounds._BALANCE", 2.0)
    catalog = load_toys(tmp_path, {"toy": (COUNTERS.replace('"10s"', f'"{PERIOD * 1000:g}ms"'), DEAR_SQL)})
    async with Watched(tmp_path, catalog, database.dsn(MONITOR), options=Options(budget=budget)) as watched:
        count = "select count(*) from passes where outcome = 'ok'"
        await watched.until(lambda: watched.one(count) > 2, "passes")
        await asyncio.sleep(3.0)
        governor = watched.collector._shift._tools.governor
        await watched.until(lambda: governor.factor("toy") == stretched, "the governor's answer")
        before = watched.one(count)
        await asyncio.sleep(2 * MOST * PERIOD)
        turns = watched.one(count) - before
    fair = 2 * MOST / stretched
    assert turns <= fair + 1
    assert turns >= fair / 2, "not never"


@pytest.mark.parametrize("budget", [0.004, 1.0], ids=["small", "ample"])
async def test_what_is_asked_less_often_is_told_by_the_api_with_what_it_costs(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch, budget: float
) -> None:
    monkeypatch.setattr("pgvigil.collect.rounds._BALANCE", 2.0)
    catalog = load_toys(
        tmp_path,
        {
            "toy": (COUNTERS.replace('"10s"', f'"{PERIOD * 1000:g}ms"'), DEAR_SQL),
            "cheap": (COUNTERS.replace('"10s"', '"20s"'), COUNTERS_SQL),
        },
    )
    async with Watched(tmp_path, catalog, database.dsn(MONITOR), options=Options(budget=budget)) as watched:
        watch = Watch(
            watched.store, catalog, {}, {}, {}, {"t": watched.collector}, lambda: time.time_ns() // 1_000, "1"
        )

        async def told() -> list[dict[str, Any]]:
            answer = await Client(watch).ask("/api/v1/targets")
            return list(answer.json()["targets"][0]["stretched"])

        assert await told() == []
        await watched.until(lambda: watched.one("select count(*) from passes where probe = 'toy'") > 2, "passes")
        await asyncio.sleep(3.0)
        governor = watched.collector._shift._tools.governor
        if budget == 1.0:
            assert await told() == []
            return
        # On a busy machine some round trips look as long as the whole answer.
        await watched.until(lambda: governor.factor("toy") > 1 and governor.cost_ms("toy") > 1, "the governor's answer")
        (dear,) = [each for each in await told() if each["probe"] == "toy"]
        every = PERIOD * governor.factor("toy")
        assert (dear["probe"], dear["every"], dear["usual"]) == ("toy", every, PERIOD)
        assert f"asked every {every:g} s instead of every 0.5 s: all probes together may take 0.4 %" in dear["reason"]
        cost = re.match(r"Takes ([\d.]+) ms of server time", dear["reason"])
        assert cost is not None
        assert float(cost[1]) > 1.0


DEAR_SQL = {"14.sql": "select 'a'::text as name, count(*)::int8 as hits from generate_series(1, 100000) g\n"}
PERIOD = 0.5
SKIPPED = "select count(*) from passes where outcome = 'skipped' and reason = 'its turn went by'"


async def test_what_came_to_a_lock_is_read_again_as_soon_as_the_lock_is_gone(
    tmp_path: Path, private_server: MakeServer
) -> None:
    server = private_server()
    catalog = load([*SHIPPED, write_pack(tmp_path, {"told": (TOLD, {"14.sql": HAPPENED})})])
    outcomes = "select outcome from passes where probe = 'told' order by ts"
    with connect(server) as holder:
        holder.execute("create table happened as select 1::int8 as id, 7::int8 as weight")
        holder.execute(f"grant select on happened to {MONITOR}")
        holder.execute("begin")
        holder.execute("lock table happened in access exclusive mode")
        async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
            await watched.until_state(Condition.LIMITED, "told")
            await watched.until(lambda: watched.rows(outcomes) == [("failed",)], "what failed to be kept")
            await asyncio.sleep(LOOKS_AT_LOCKS)
            holder.execute("rollback")
            await watched.until(lambda: ("ok",) in watched.rows(outcomes), "rows, long before five minutes are over")
            await watched.until_state(Condition.WATCHING)
            assert watched.rows(outcomes).count(("failed",)) == 1


LOOKS_AT_LOCKS = 7.0
"""Seconds: more than lie between two looks at whether there are locks."""

FORMER_REST = 12.0
"""Seconds: more than a probe rests that failed by chance."""


async def test_a_probe_that_takes_too_long_writes_one_line_into_the_log_and_says_so(
    tmp_path: Path, private_server: MakeServer
) -> None:
    server = private_server()
    late = {"14.sql": "select 'a'::text as name, count(*)::int8 as hits from generate_series(1, 1000000000)\n"}
    patient = COUNTERS.replace("250ms", "1s")
    catalog = load([*SHIPPED, write_pack(tmp_path, {"toy": (patient, late)})])
    async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
        await watched.until_state(Condition.LIMITED, "toy")
        await asyncio.sleep(FORMER_REST)
        assert watched.rows("select outcome from passes where probe = 'toy'") == [("late",)]
    errors = [line for line in server.log_text().splitlines() if "ERROR" in line]
    assert len(errors) == 1, errors


HAPPENED = "select h.id, h.weight from public.happened h"


async def test_a_probe_without_the_right_to_read_fails_once_and_says_so(
    tmp_path: Path, private_server: MakeServer
) -> None:
    server = private_server()
    with connect(server) as connection:
        connection.execute("create table happened as select 1::int8 as id, 7::int8 as weight")
    catalog = load([*SHIPPED, write_pack(tmp_path, {"told": (TOLD, {"14.sql": HAPPENED})})])
    async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
        await watched.until_state(Condition.LIMITED, "told")
        await watched.until_passes(4)
        assert watched.rows("select outcome, reason from passes where probe = 'told'") == [
            ("failed", "privilege: permission denied for table happened")
        ]
    errors = [line for line in server.log_text().splitlines() if "ERROR" in line]
    assert len(errors) == 1, errors


UNFIT = {
    "as_json": ("sql", '\'{"a": "hunter2"}\'::jsonb', "1::int8"),
    "as_xml": ("name", "'<a>hunter2</a>'::xml", "1::int8"),
    "as_list": ("word", "array['hunter2']::text[]", "1::int8"),
    "as_number": ("name", "'a'::text", "'hunter2'::text"),
}


async def test_a_column_of_another_type_than_declared_is_not_kept_and_quoted_nowhere(
    tmp_path: Path, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    probes = {
        name: (
            COUNTERS.replace('privacy = "name"', f'privacy = "{privacy}"'),
            {"14.sql": f"select {text} as name, {number} as hits"},
        )
        for name, (privacy, text, number) in UNFIT.items()
    }
    catalog = load([*SHIPPED, write_pack(tmp_path, probes)])
    async with Watched(tmp_path, catalog, database.dsn(MONITOR)) as watched:
        await watched.until_passes(3)
        told = "select probe, outcome, reason from passes where probe like 'as\\_%' escape '\\'"
        found = {name: (outcome, str(reason)) for name, outcome, reason in watched.rows(told)}
        assert {name: outcome for name, (outcome, _) in found.items()} == dict.fromkeys(UNFIT, "failed")
        assert found["as_json"][1] == (
            "14.sql returns values of another type in name than the declared text; cast it to text in the SQL."
        )
        assert "hits than the declared int8" in found["as_number"][1]
        assert not any(watched.rows(f"select * from {name}") or watched.last(name) for name in UNFIT)
        everything = f"{found} {watched.collector.state} {watched.events} {caplog.text}"
        assert "hunter2" not in everything
