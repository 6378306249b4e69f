"""What is done to a query's text: identifiers quoted, and only changed rows asked for."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fix_servers import MONITOR, Connection, Database
from pg.fix_pg import ask, rows, session_at
from pgvigil.catalog import identifier
from pgvigil.catalog.types import Probe, Query, Requires, Role, Scope, Shape
from pgvigil.model import Capabilities, Identity
from pgvigil.pg import Session, compose, int8_array, role_sql, wrap_changed
from pgvigil.pg.queries import FINGERPRINT

CAPABILITIES = Capabilities(
    identity=Identity(None, 180_000, None),
    version="18.0",
    started_at=0,
    in_recovery=False,
    pooled=False,
    role="r",
    database="d",
    is_superuser=False,
    roles=frozenset(),
    extensions={"pg_stat_statements": ('odd "schema"', "1.12")},
    columns={},
    settings={},
)
PROBE = Probe(
    name="p",
    pack="core",
    summary="",
    shape=Shape.SNAPSHOT,
    scope=Scope.CLUSTER,
    role=Role.ANY,
    every=10.0,
    on_sampler=False,
    deadline_ms=500,
    cost="",
    key=(),
    changed_by=(),
    keyframe=None,
    columns={},
    variants=(),
    queries={},
    directory=Path(),
    requires=Requires(extension="pg_stat_statements"),
)
NASTY = ('a"b', "x; drop table t", "ü", "{object}", "$1", " ")


def query(text: str) -> Query:
    return Query(PROBE, "1.sql", text, ())


def test_the_extensions_schema_and_the_object_are_quoted() -> None:
    text = compose(query("select * from {extension_schema}.f(), q.{object}"), CAPABILITIES, 'q_"x')
    assert text == 'select * from "odd ""schema""".f(), q."q_""x"'


def test_without_an_object_or_an_extension_nothing_is_replaced() -> None:
    plain = replace(PROBE, requires=Requires())
    assert compose(replace(query("select {object}"), probe=plain), CAPABILITIES) == "select {object}"


@pytest.mark.pg(14, 18)
async def test_names_come_through_quoting_unharmed(database: Database) -> None:
    async with session_at(database.dsn(MONITOR)) as session:
        reply = await ask(session, "select " + ", ".join(f"1 as {identifier(name)}" for name in NASTY))
        assert rows(reply)[0] == (1,) * len(NASTY)
        assert getattr(reply, "names") == NASTY  # noqa: B009


# -- only changed rows ---

TABLE = """
    create table counted (id int8, part text, calls int8, seconds float8, moment timestamptz, flag bool, other int4);
    insert into counted
      select i, nullif('part ' || i % 3, 'part 0'), i * 7, i / 3.0, now(), i % 2 = 0, 0
      from generate_series(1, 500) i;
    insert into counted values (null, null, null, null, null, null, 1);
"""
INNER = "-- counted\nselect id, part, calls, seconds, moment, flag, other from public.counted -- all of them\n"
KEY = ("id", "part")
CHANGED_BY = ("calls", "seconds", "moment", "flag")


@pytest.fixture
def superuser(database: Database) -> Connection:
    connection = database.connect()
    connection.execute(TABLE)
    connection.execute(f"grant select on counted to {MONITOR}")
    return connection


@pytest.fixture
async def session(database: Database, superuser: Connection) -> AsyncIterator[Session]:
    async with session_at(database.dsn(MONITOR)) as opened:
        yield opened
    superuser.close()


async def changed(session: Session, known: "list[int]") -> list[tuple[object, ...]]:
    reply = await ask(session, wrap_changed(INNER, KEY, CHANGED_BY), int8_array(np.array(known, dtype=np.int64)))
    assert reply.name
    found = rows(reply)
    assert getattr(reply, "names")[-1] == FINGERPRINT  # noqa: B009
    return found


@pytest.mark.pg("all")
async def test_only_rows_come_back_whose_fingerprint_is_not_echoed(session: Session, superuser: Connection) -> None:
    everything = await changed(session, [])
    assert len(everything) == 501
    known = [int(str(row[-1])) for row in everything]
    assert len(set(known)) == 501
    assert await changed(session, known) == []

    superuser.execute("update counted set other = 5 where id = 1")  # not among changed_by
    assert await changed(session, known) == []
    for column, value in (("calls", "calls + 1"), ("seconds", "0"), ("moment", "null"), ("flag", "not flag")):
        superuser.execute(f"update counted set {column} = {value} where id = 2")
        (row,) = await changed(session, known)
        assert row[0] == 2
        known.append(int(str(row[-1])))
    superuser.execute("update counted set calls = 1 where id is null")
    (row,) = await changed(session, known)
    assert row[:3] == (None, None, 1)


@pytest.mark.pg("all")
async def test_a_reset_that_comes_back_to_the_same_counts_is_seen_by_its_moment(
    session: Session, superuser: Connection
) -> None:
    known = [int(str(row[-1])) for row in await changed(session, [])]
    superuser.execute("update counted set moment = moment + interval '1 us' where id = 9")
    assert [row[0] for row in await changed(session, known)] == [9]


@pytest.mark.pg("all")
async def test_the_anti_join_hashes_and_does_not_compare_each_with_each(session: Session) -> None:
    everything = await changed(session, [])
    known = int8_array([int(str(row[-1])) for row in everything])
    plan = rows(await ask(session, "explain " + wrap_changed(INNER, KEY, CHANGED_BY), known))
    assert any("Hash" in str(line) and "Anti Join" in str(line) for (line,) in plan), plan


# -- the role ---

ROLE = 'watch "man'


@pytest.mark.pg("all")
async def test_the_printed_role_can_be_made_and_watches_with_its_limits(database: Database) -> None:
    with database.connect() as superuser:
        superuser.execute(role_sql(ROLE, 3))
        superuser.execute(f"alter role {identifier(ROLE)} password 'of the test'")
        try:
            async with session_at(database.dsn(ROLE, password="of the test")) as session:
                query = "select rolconnlimit, rolsuper, pg_catalog.pg_has_role('pg_monitor', 'USAGE') from pg_roles"
                assert rows(await ask(session, f"{query} where rolname = current_user")) == [(3, False, True)]
                names = "'log_min_duration_statement', 'log_parameter_max_length', 'log_statement'"
                query = f"select name, setting from pg_catalog.pg_settings where name in ({names}) order by 1"
                assert [value for _, value in rows(await ask(session, query))] == ["-1", "0", "none"]
        finally:
            superuser.execute(f"drop role {identifier(ROLE)}")


@pytest.mark.pg("all")
def test_whoever_may_create_roles_can_run_its_first_part(database: Database) -> None:
    first_part = role_sql("watchman").partition("-- Superusers only")[0]
    with database.connect() as superuser:
        superuser.execute("create role admin createrole login password 'of the test'")
        superuser.execute("grant pg_monitor to admin with admin option")
        try:
            with database.connect("admin", password="of the test") as admin:
                admin.execute(first_part)
                admin.execute("drop role watchman")
        finally:
            superuser.execute("drop role admin")
