"""The guard refuses by name whatever does more than look, and lets pass what only looks."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from pgvigil.catalog import guard
from pgvigil.catalog.errors import CatalogError
from pgvigil.catalog.functions import rules
from pgvigil.catalog.guard import check

EVIL = sorted((Path(__file__).parent / "evil").glob("*.sql"))
PACKS = Path(guard.__file__).parent / "packs"


@pytest.mark.parametrize("file", EVIL, ids=lambda file: file.stem)
def test_an_evil_file_is_refused_by_name_and_reason(file: Path) -> None:
    first, second, *_ = file.read_text().split("\n")
    assert first.startswith("-- ")
    reason = second.removeprefix("-- Refused: ")
    assert reason != second
    with pytest.raises(CatalogError) as refused:
        check(file.read_text(), where=file.name)
    assert str(refused.value).startswith(f"{file.name}: ")
    assert reason in str(refused.value)
    assert "allowed" in str(refused.value)


def test_there_are_enough_evil_files() -> None:
    assert len(EVIL) >= 40


@pytest.mark.parametrize("file", EVIL, ids=lambda file: file.stem)
def test_an_evil_file_is_refused_whatever_is_vouched_for(file: Path) -> None:
    """`calls` opens nothing but unknown functions and types."""
    sql = file.read_text()
    vouched = {"own_function": "cleanup", "own_function_shadow": "now", "sample": "evil", "type": "evil"}
    if file.stem in vouched:
        check(sql, where=file.name, calls=frozenset({vouched[file.stem]}))
        return
    names = frozenset({"pg_terminate_backend", "pg_cancel_backend", "dblink", file.stem, f"pg_{file.stem}", "object"})
    with pytest.raises(CatalogError):
        check(sql, where=file.name, calls=names)


GOOD = [
    ("select 1 as one", ("one",)),
    ("select 1 as one;", ("one",)),
    ("-- it's a comment; drop table x\nselect datname, 'a; b' as b from pg_database /* ; */", ("datname", "b")),
    ("with a as (select 1 as n), b as (values (1)) select a.n, count(*) from a, b group by 1", ("n", "count")),
    ("select a.pid, pg_blocking_pids(a.pid) as by from pg_stat_get_activity(null) a", ("pid", "by")),
    ("select * from pg_ls_waldir() union all select * from pg_ls_tmpdir()", ("*",)),
    ("select s.calls from {extension_schema}.pg_stat_statements(false) s", ("calls",)),
    ("select count(*) as n from {object} t where t.vt > now()", ("n",)),
    ("select extract(epoch from now() - a.b) as age, substring(query from 'a') as b from a", ("age", "b")),
    (
        "select a at time zone 'UTC' as at, trim(both ' ' from a), position('a' in b) from x",
        ("at", "btrim", "position"),
    ),
    ("select c.oid::regclass::text as name, 'a.b'::regclass as fixed from pg_class c", ("name", "fixed")),
    ("select rank() over (order by n), sum(n) filter (where n > 1) from generate_series(1, 3) n", ("rank", "sum")),
    ("select x.n from unnest($1::bigint[]) with ordinality x(n, o) where x.n = any ($1)", ("n",)),
    ("select '{}'::jsonb as a, '{1,2}'::int[] as b, '{\"a\": 1}'::json as c", ("a", "b", "c")),
    ("select r.a from json_to_recordset('[]') as r(a text), lateral (select 1) s", ("a",)),
    ("select id from jobs tablesample system (1)", ("id",)),
    ("select pg_catalog.now() as now, clock_timestamp()", ("now", "clock_timestamp")),
    ("select 1 operator(pg_catalog.+) 1 as two order by 1 using operator(pg_catalog.<)", ("two",)),
    ("select s.subname, s.oid from pg_subscription s, pg_stats t where t.null_frac > 0", ("subname", "oid")),
    (
        "select (array[1, 2])[1] as first, x.y[1:2] as z, i.stats_reset from x, pg_stat_io i",
        ("first", "z", "stats_reset"),
    ),
    ("select pg_sleep as name, count(*) from (values ('a')) v (pg_sleep) group by 1", ("name", "count")),
    ("select nullif(current_setting('a.b', true), '') as a, current_user, 1", ("a", "?column?", "?column?")),
]


@pytest.mark.parametrize(("sql", "columns"), GOOD, ids=lambda value: value if isinstance(value, str) else "")
def test_what_only_looks_passes(sql: str, columns: tuple[str, ...]) -> None:
    assert check(sql, where="good.sql").columns == columns


def test_it_says_what_a_file_reads_calls_and_takes() -> None:
    found = check(
        "with a as (select 1 as n) select {object}.x, pg_catalog.now() as t, upper(b) as u, $2::text as p\n"
        "from a, public.orders, {extension_schema}.pg_stat_statements_info, {object} where a.n = $1",
        where="good.sql",
    )
    assert found.relations == {"public.orders", "{extension_schema}.pg_stat_statements_info", "{object}"}
    assert found.functions == {"pg_catalog.now", "upper"}
    assert found.placeholders == {"object", "extension_schema"}
    assert found.parameters == {1, 2}


def test_an_unknown_function_is_allowed_by_name_and_a_harmful_one_is_not() -> None:
    sql = "select q.queue_length from pgmq.metrics_all() q"
    with pytest.raises(CatalogError, match='calls = \\["metrics_all"\\]'):
        check(sql, where="14.sql")
    assert check(sql, where="14.sql", calls=frozenset({"metrics_all"})).functions == {"pgmq.metrics_all"}
    assert check(sql, where="14.sql", calls=frozenset({"pgmq.metrics_all"})).functions == {"pgmq.metrics_all"}
    with pytest.raises(CatalogError, match="never allowed"):
        check("select pg_reload_conf() as a", where="14.sql", calls=frozenset({"pg_reload_conf"}))
    with pytest.raises(CatalogError, match="never allowed"):
        check("select evil.pg_ls_waldir() as a", where="14.sql", calls=frozenset({"pg_ls_waldir"}))


def test_every_shipped_file_passes() -> None:
    files = sorted(PACKS.glob("*/probes/*/*.sql"))
    assert files
    for file in files:
        assert check(file.read_text(), where=str(file)).columns


def functions(database: Any, volatile: bool) -> set[str]:
    """Names of functions of pg_catalog of which some form (volatile) or no form (not volatile) is volatile."""
    rows = database.execute(
        "select proname::text, bool_or(provolatile = 'v') from pg_proc"
        " where pronamespace = 'pg_catalog'::regnamespace group by 1"
    )
    return {name for name, is_volatile in rows if is_volatile is volatile}


@pytest.mark.pg("all")
def test_every_volatile_function_of_a_real_server_is_known_to_be_harmless_or_refused(database: Any) -> None:
    """A function that a new major brings fails here until somebody has judged it."""
    known = rules()
    judged = {name for name in functions(database, volatile=True) if name not in known.harmless}
    unjudged = []
    for name in sorted(judged):
        with pytest.raises(CatalogError) as refused:
            check(f'select "{name}"() as x', where="x", calls=frozenset({name}))
        if "never allowed" not in str(refused.value):
            unjudged.append(name)
    assert unjudged == []
    assert len(judged) > 100


@pytest.mark.pg("all")
def test_no_volatile_function_of_one_argument_is_called_as_a_column(database: Any) -> None:
    """Of a value of its type, and of a function's alias in FROM, which is such a value."""
    rows = database.execute(
        "select p.proname::text, format_type(p.proargtypes[0], null) from pg_proc p"
        " where p.pronargs = 1 and p.provolatile = 'v' and p.pronamespace = 'pg_catalog'::regnamespace"
    )
    harmless = rules().harmless
    for name, of in rows:
        with pytest.raises(CatalogError, match="never allowed"):
            check(f'select (null::{of})."{name}" as x', where="x", calls=frozenset({name}))
        if name not in harmless:
            with pytest.raises(CatalogError, match="never allowed"):
                check(f'select n."{name}" as x from x n', where="x", calls=frozenset({name}))
    assert len(rows) > 90


@pytest.mark.pg("all")
def test_the_server_does_call_functions_in_column_notation(database: Any) -> None:
    """Why it is refused: the day this fails, nothing need be."""
    assert database.execute("select (0::float8).pg_sleep::text") == [("",)]
    assert database.execute("select n.pg_advisory_lock::text from generate_series(1::bigint, 2) n") == [("",), ("",)]


@pytest.mark.pg("all")
def test_the_servers_columns_are_told_from_functions_and_secrets_are_known_by_relation(database: Any) -> None:
    known = rules()
    rows = database.execute(
        "select c.relname::text, a.attname::text from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " where c.relkind in ('r', 'v') and a.attnum > 0"
    )
    assert {name for of, name in rows if known.harm((name,)) and of not in known.secret_relations} <= known.columns
    masked = {"pg_roles", "pg_user"}  # eight stars for everybody
    holders = {of for of, name in rows if name in known.secret_columns} - known.secret_relations - masked
    assert holders == known.secret_partly
    beside = {name for of, name in rows if of in known.secret_partly} - known.secret_columns
    assert beside <= known.secret_beside
    called = {name for (name,) in database.execute("select proname::text from pg_proc")}
    assert known.secret_beside & called == {"oid"}  # which takes a number, not a row


@pytest.mark.pg("all")
def test_no_function_listed_as_steady_is_volatile_on_any_server(database: Any) -> None:
    steady = set(listed("steady"))
    assert not steady & functions(database, volatile=True)
    assert len(steady & functions(database, volatile=False)) > 500


def listed(kind: str) -> list[str]:
    rules = tomllib.loads((Path(guard.__file__).parent / "functions.toml").read_text())
    names: list[str] = rules["harmless"][kind].split()
    return names


def test_no_name_is_listed_twice_and_the_lists_are_in_order() -> None:
    names = listed("steady") + listed("volatile")
    assert len(names) == len(set(names))
    assert listed("steady") == sorted(listed("steady"))
    assert listed("volatile") == sorted(listed("volatile"))
