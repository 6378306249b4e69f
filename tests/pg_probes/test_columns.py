"""Every SQL file on every supported major, as a role with nothing but pg_monitor: the declared columns and types."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from fix_servers import MONITOR, Database, drop_database, new_database
from pg_probes import scenery
from pgvigil.catalog import Query, choose, load
from pgvigil.catalog.types import Shape, Takes, Type
from pgvigil.model import Capabilities, Invisible
from pgvigil.pg import compose
from pgvigil.sandbox.binaries import MAJORS
from pgvigil.sandbox.server import Server
from probing import Prober, probing

OIDS = {
    Type.BOOL: 16,
    Type.INT4: 23,
    Type.INT8: 20,
    Type.OID: 26,
    Type.FLOAT8: 701,
    Type.TEXT: 25,
    Type.TIMESTAMPTZ: 1184,
}
EXTENSION_VERSIONS = {
    14: ("1.8", "1.9"),
    15: ("1.8", "1.9", "1.10"),
    16: ("1.8", "1.9", "1.10"),
    17: ("1.8", "1.9", "1.10", "1.11"),
    18: ("1.8", "1.9", "1.10", "1.11", "1.12"),
}
CATALOG = load()
PROBES = sorted(CATALOG.probes)


@pytest.fixture(scope="module")
def looked_at(server: Server) -> Iterator[Database]:
    """One database per major for the tests that only read, with a table and an index to find."""
    database = new_database(server)
    database.execute("create table items (id int primary key, name text)")
    with database.connect() as connection:
        scenery.build(connection)
    with scenery.waiting(database.connect):
        yield database
    drop_database(database)


def described(database: Database, query: Query, capabilities: Capabilities) -> list[tuple[str, int]]:
    """The names and type OIDs that a query returns, run by the monitor's role."""
    text = compose(query, capabilities, None if query.probe.for_each is None else "q_jobs")
    with psycopg.connect(database.dsn(MONITOR), cursor_factory=psycopg.RawCursor) as connection:
        cursor = connection.execute(sql.SQL(text), [[1, 2]] if query.takes is Takes.KEYS else None)
        assert cursor.description is not None
        cursor.fetchall()
        return [(column.name, column.type_code) for column in cursor.description]


def declared(query: Query) -> list[tuple[str, int]]:
    return [(column.name, OIDS[column.type]) for column in query.columns]


@pytest.mark.pg("all")
@pytest.mark.parametrize("name", PROBES)
async def test_a_probe_returns_the_declared_columns_and_types(name: str, looked_at: Database, major: int) -> None:
    async with probing(looked_at.dsn(MONITOR), CATALOG) as prober:
        if (name, major < 16) == ("io", True):
            assert "came with PostgreSQL 16" in prober.invisible()[name].reason
            return
        query = prober.query(name)
        await prober.rows(name)
        assert described(looked_at, query, prober.capabilities) == declared(query)
        off = {each.what.removeprefix(f"{name}.") for each in query.missing}
    # Whatever the server has not switched on is told; nothing of what it returns is absent without a word.
    assert off == {column.name for column in query.columns if "track_wal_io_timing" in column.setting}
    assert {column.name for column in query.columns} == {
        column.name for column in query.probe.columns.values() if column.exists_on(major)
    }


@pytest.mark.pg("all")
@pytest.mark.parametrize("name", [name for name in PROBES if CATALOG.probes[name].shape is not Shape.SAMPLES])
async def test_the_key_tells_the_rows_of_a_probe_apart(name: str, looked_at: Database, major: int) -> None:
    async with probing(looked_at.dsn(MONITOR), CATALOG) as prober:
        if (name, major < 16) == ("io", True):
            return
        known = [row["queryid"] for row in await prober.rows("statements")] if name == "queries" else []
        rows = await prober.rows(name, [each for each in known if isinstance(each, int)])
    keys = [tuple(row[column] for column in CATALOG.probes[name].key) for row in rows]
    assert len(set(keys)) == len(keys) > 0


@pytest.mark.pg("all")
async def test_an_extension_that_lags_behind_gets_the_variant_that_fits(database: Database, major: int) -> None:
    database.execute('create schema "else""where"')
    database.execute('grant usage on schema "else""where" to public')
    for version in EXTENSION_VERSIONS[major]:
        database.execute("drop extension pg_stat_statements")
        create = 'create extension pg_stat_statements schema "else""where" version {}'
        with database.connect() as connection:
            connection.execute(sql.SQL(create).format(sql.Literal(version)))
        async with probing(database.dsn(MONITOR), CATALOG) as prober:
            for name in ("statements", "queries", "statements_info"):
                await _fits(name, version, prober, database, major)


async def _fits(name: str, version: str, prober: Prober, database: Database, major: int) -> None:
    probe = CATALOG.probes[name]
    chosen = choose(probe, prober.capabilities)
    if isinstance(chosen, Invisible):
        assert (name, version) == ("statements_info", "1.8")
        assert chosen.remedy == "ALTER EXTENSION pg_stat_statements UPDATE;"
        return
    assert chosen.file == (f"{version}.sql" if name == "statements" else probe.variants[0].sql)
    await prober.rows(name)
    assert described(database, chosen, prober.capabilities) == declared(chosen)
    lacking = {each.what.removeprefix(f"{name}.") for each in chosen.missing}
    here = {column.name for column in probe.columns.values() if column.exists_on(major)}
    assert lacking == here - {column.name for column in chosen.columns}


@pytest.mark.pg("all")
async def test_an_extension_older_than_any_variant_says_how_to_update_it(database: Database) -> None:
    database.execute("drop extension pg_stat_statements")
    database.execute("create extension pg_stat_statements version '1.7'")
    async with probing(database.dsn(MONITOR), CATALOG) as prober:
        chosen = prober.invisible()["statements"]
    assert "is at version 1.7" in chosen.reason
    assert chosen.remedy == "ALTER EXTENSION pg_stat_statements UPDATE;"


def test_every_sql_file_is_chosen_by_some_version() -> None:
    for probe in CATALOG.probes.values():
        used = [*(variant.sql for variant in probe.variants), probe.for_each]
        unused = [name for name in probe.queries if name not in used and int(Path(name).stem) not in MAJORS]
        assert (probe.name, unused) == (probe.name, [])
        assert {path.name for path in probe.directory.glob("*.sql")} == set(probe.queries)
    versions = {f"{version}.sql" for known in EXTENSION_VERSIONS.values() for version in known}
    assert {variant.sql for variant in CATALOG.probes["statements"].variants} == versions
