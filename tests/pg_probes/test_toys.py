"""The format that later packs need, on toy probes and a real server: objects, NULL keys, databases, changes, texts."""

from pathlib import Path
from typing import LiteralString

import pytest
from psycopg import sql

from fix_servers import MONITOR, Database, drop_database, new_database
from pgvigil.catalog import Catalog, invisible
from pgvigil.catalog.types import Kind
from pgvigil.pg import Failure, Request, Rows, compose, int8_array
from probing import Prober, Row, probing
from toys import COUNTERS, COUNTERS_SQL, load_toys

QUEUES = """
summary = "Messages of every queue"
shape = "snapshot"
scope = "database"
every = "10s"
deadline = "250ms"
cost = "nothing"
for_each = "queues.sql"
for_each_limit = 10
key = ["queue"]

[columns.queue]
kind = "key"
type = "text"
privacy = "name"
help = "Name of the queue's table"

[columns.length]
kind = "gauge"
type = "int8"
rollup = "max"
help = "Messages in it"
"""
QUEUES_SQL = {
    "queues.sql": """
        select c.relname as name from pg_class c
        where c.relnamespace = (select n.oid from pg_namespace n where n.nspname = 'queues') order by 1
    """,
    "14.sql": "select {object_name}::text as queue, count(*) as length from queues.{object}",
}
# Each is the name of a table; none may change what is asked.
ODD_NAMES = (
    "plain",
    "With Space",
    'dou"ble',
    "sin'gle",
    "back\\slash",
    "{object_name}",
    'x{object_name}";--',
    "a; drop table queues.plain",
)

NULLS = """
summary = "Counters whose keys may be NULL"
shape = "counters"
every = "10s"
deadline = "250ms"
cost = "nothing"
key = ["owner", "flag", "size", "at"]
changed_by = ["hits"]
keyframe = "1h"

[columns.owner]
kind = "key"
type = "text"
privacy = "name"
help = "Text"

[columns.flag]
kind = "key"
type = "bool"
help = "Bool"

[columns.size]
kind = "key"
type = "float8"
help = "Float"

[columns.at]
kind = "key"
type = "timestamptz"
help = "Moment"

[columns.hits]
kind = "counter"
type = "int8"
help = "Counted"
"""
NULLS_SQL = {"14.sql": "select t.owner, t.flag, t.size, t.at, t.hits from public.counted t"}
COUNTED: LiteralString = "create table counted (owner text, flag bool, size float8, at timestamptz, hits int8)"


async def objects(prober: Prober, name: str) -> list[str]:
    probe = prober.catalog.probes[name]
    assert probe.for_each is not None
    request = Request(name, probe.queries[probe.for_each], (), probe.deadline_ms)
    (reply,) = await prober.session.run([request], deadline=20)
    assert isinstance(reply, Rows)
    return [str(row[0]) for row in reply.rows[: probe.for_each_limit]]


@pytest.mark.pg(14, 18)
async def test_a_query_per_object_quotes_whatever_its_name_is(database: Database, tmp_path: Path) -> None:
    catalog = load_toys(tmp_path, {"queue_lengths": (QUEUES, QUEUES_SQL)})
    database.execute("create schema queues")
    with database.connect() as connection:
        for number, name in enumerate(ODD_NAMES):
            table = sql.Identifier("queues", name)
            connection.execute(sql.SQL("create table {} as select generate_series(1, {})").format(table, number))
        connection.execute("grant usage on schema queues to public")
        connection.execute("grant select on all tables in schema queues to public")
    async with probing(database.dsn(MONITOR), catalog) as prober:
        found = await objects(prober, "queue_lengths")
        rows = [row for name in found for row in await prober.rows("queue_lengths", object_name=name)]
    assert sorted(found) == sorted(ODD_NAMES)
    assert {row["queue"]: row["length"] for row in rows} == {name: number for number, name in enumerate(ODD_NAMES)}


@pytest.mark.pg(14, 18)
async def test_null_keys_are_keys_like_any_other(database: Database, tmp_path: Path) -> None:
    catalog = load_toys(tmp_path, {"toy": (NULLS, NULLS_SQL)})
    database.execute(COUNTED)
    database.execute("grant select on counted to public")
    database.execute(
        "insert into counted values (null, null, null, null, 1), ('a', null, null, null, 1), "
        "(null, true, null, null, 1), (null, null, 1.5, null, 1), (null, null, null, '2020-01-01', 1), "
        "('', false, 0, null, 1)"
    )
    async with probing(database.dsn(MONITOR), catalog) as prober:
        first = await prober.rows("toy")
        known = [int(str(row["pgvigil_fingerprint"])) for row in first]
        assert (len(known), len(set(known))) == (6, 6)
        assert await prober.rows("toy", known) == []
        database.execute("update counted set hits = 2 where coalesce(owner, flag::text, size::text, at::text) is null")
        changed = await prober.rows("toy", known)
    assert [(row["owner"], row["flag"], row["size"], row["at"], row["hits"]) for row in changed] == [
        (None, None, None, None, 2)
    ]


async def test_a_reset_that_ends_at_the_same_count_is_still_a_change(database: Database, tmp_path: Path) -> None:
    declaration = COUNTERS.replace("[columns.name]", 'changed_by = ["hits", "born"]\nkeyframe = "1h"\n[columns.name]')
    born = '\n[columns.born]\nkind = "state"\ntype = "timestamptz"\nhelp = "Since when"\n'
    files = {"14.sql": "select t.name, t.hits, t.born from public.lives t"}
    catalog = load_toys(tmp_path, {"toy": (declaration + born, files)})
    database.execute("create table lives (name text, hits int8, born timestamptz)")
    database.execute("grant select on lives to public")
    database.execute("insert into lives values ('a', 1, '2020-01-01'), ('b', 1, '2020-01-01')")
    async with probing(database.dsn(MONITOR), catalog) as prober:
        known = [int(str(row["pgvigil_fingerprint"])) for row in await prober.rows("toy")]
        database.execute("update lives set born = '2020-01-02' where name = 'b'")
        changed = await prober.rows("toy", known)
    assert [row["name"] for row in changed] == ["b"]


@pytest.mark.pg(14, 18)
async def test_a_sparse_zero_travels_as_null_and_arrives_as_zero(database: Database, tmp_path: Path) -> None:
    declaration = COUNTERS.replace("[columns.name]", 'changed_by = ["hits"]\nkeyframe = "1h"\n[columns.name]')
    misses = '\n[columns.misses]\nkind = "counter"\ntype = "float8"\nsparse = true\nhelp = "Not counted"\n'
    values = "(values ('a', 0, 0), ('b', 1, 2.5)) v (name, hits, misses)"
    files = {"14.sql": f"select v.name, v.hits::int8 as hits, v.misses::float8 as misses from {values}"}
    catalog = load_toys(tmp_path, {"toy": (declaration + misses, files)})
    async with probing(database.dsn(MONITOR), catalog) as prober:
        rows = await prober.rows("toy")
        request = Request("as sent", prober.sql("toy"), (int8_array([]),), 250)
        (sent,) = await prober.session.run([request], deadline=20)
    assert [(row["hits"], row["misses"]) for row in rows] == [(0, 0), (1, 2.5)]
    assert isinstance(sent, Rows)
    assert [row[:3] for row in sent.rows] == [("a", 0, None), ("b", 1, 2.5)]


TABLES_PER_DATABASE = COUNTERS.replace('every = "10s"', 'scope = "database"\nevery = "10s"')
TABLES_SQL = {
    "14.sql": "select current_database()::text as name, count(*) as hits from pg_class c where c.relkind = 'r' "
    "and c.relnamespace = (select n.oid from pg_namespace n where n.nspname = 'public')"
}


async def test_a_probe_of_databases_is_asked_in_each(database: Database, tmp_path: Path) -> None:
    catalog = load_toys(tmp_path, {"toy": (TABLES_PER_DATABASE, TABLES_SQL)})
    other = new_database(database.server)
    try:
        other.execute("create table one (id int)")
        found: list[Row] = []
        for each in (database, other):
            async with probing(database.dsn(MONITOR), catalog, database=each.name) as prober:
                found += await prober.rows("toy")
    finally:
        drop_database(other)
    assert {row["name"]: row["hits"] for row in found} == {database.name: 0, other.name: 1}


SHAPES = {
    "edges": ("edges", 'key = ["waiter", "blocker"]', "waiter blocker"),
    "events": ("events", 'key = ["waiter"]', "waiter"),
    "snapshot": ("snapshot", 'key = ["waiter"]', "waiter"),
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_every_shape_is_loaded_and_asked(shape: str, database: Database, tmp_path: Path) -> None:
    word, key, names = SHAPES[shape]
    columns = "".join(f'\n[columns.{name}]\nkind = "key"\ntype = "int4"\nhelp = "Pid"\n' for name in names.split())
    gauge = '\n[columns.waited]\nkind = "gauge"\ntype = "float8"\nunit = "s"\nrollup = "max"\nhelp = "For how long"\n'
    declaration = f'summary = "A toy"\nshape = "{word}"\nevery = "10s"\ndeadline = "1s"\ncost = "nothing"\n{key}\n'
    select = ", ".join(f"{number}::int4 as {name}" for number, name in enumerate(names.split()))
    catalog = load_toys(
        tmp_path, {"toy": (declaration + columns + gauge, {"14.sql": f"select {select}, 2::float8 as waited"})}
    )
    async with probing(database.dsn(MONITOR), catalog) as prober:
        (row,) = await prober.rows("toy")
    assert row["waited"] == 2.0
    assert [
        column.name for column in catalog.probes["toy"].columns.values() if column.kind is Kind.KEY
    ] == names.split()


async def test_variants_follow_the_columns_that_the_server_has(database: Database, tmp_path: Path) -> None:
    declaration = COUNTERS.replace(
        "[columns.name]",
        'requires = { extension = "pg_stat_statements" }\nrelation = "pg_stat_statements"\n'
        '[[variant]]\nsql = "future.sql"\nneeds_columns = ["calls", "calls_of_tomorrow"]\n'
        '[[variant]]\nsql = "now.sql"\nneeds_columns = ["calls"]\n[columns.name]',
        1,
    )
    counted = "select 'all'::text as name, sum({})::int8 as hits from {{extension_schema}}.pg_stat_statements"
    files = {"future.sql": counted.format("calls_of_tomorrow"), "now.sql": counted.format("calls")}
    catalog = load_toys(tmp_path, {"toy": (declaration, files)})
    async with probing(database.dsn(MONITOR), catalog) as prober:
        assert prober.query("toy").file == "now.sql"
        assert '"public".pg_stat_statements' in compose(prober.query("toy"), prober.capabilities)
        (row,) = await prober.rows("toy")
    assert isinstance(row["hits"], int)
    assert row["hits"] > 0


async def test_a_probe_that_asks_for_what_is_not_there_fails_alone(database: Database, tmp_path: Path) -> None:
    files = {"14.sql": "select t.name, t.hits from public.nowhere t"}
    catalog: Catalog = load_toys(tmp_path, {"toy": (COUNTERS, files)})
    async with probing(database.dsn(MONITOR), catalog) as prober:
        reply = await prober.reply("toy")
    assert isinstance(reply, Failure)
    assert reply.kind == "missing"


async def test_any_setting_that_a_probe_or_a_column_requires_is_asked_for(tmp_path: Path, database: Database) -> None:
    whole = COUNTERS.replace("key =", 'requires.setting.track_functions = ["pl", "all"]\nkey =')
    part = COUNTERS.replace("[columns.hits]", '[columns.hits]\nrequires.setting.log_hostname = ["on"]')
    catalog = load_toys(tmp_path, {"whole": (whole, COUNTERS_SQL), "part": (part, COUNTERS_SQL)})
    async with probing(database.dsn(MONITOR), catalog) as prober:
        told = {each.what: each for each in invisible(catalog, prober.capabilities)}
    assert told["whole"].reason == "The setting track_functions is 'none'; it has to be pl or all."
    assert told["part.hits"].reason == "The setting log_hostname is 'off'; it has to be on."
