"""The heartbeat on real servers: what it tells of the catalog, and that it waits for nobody."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import LiteralString

import pytest

from fix_servers import MONITOR, Connection, Database, MakeServer, connect
from pg.fix_pg import locked, session_at
from pgvigil.collect.asking import load
from pgvigil.collect.clock import Clocks, ServerClock
from pgvigil.collect.heart import Heart, Pulse
from pgvigil.pg import Failure, FailureKind, Session

pytestmark = pytest.mark.pg("all")

CATALOGS = ("pg_type", "pg_attribute", "pg_proc", "pg_class", "pg_authid", "pg_auth_members", "pg_database")


class Listening:
    """A session and the heart that beats in it."""

    def __init__(self, session: Session) -> None:
        clocks = Clocks()
        self._session = session
        self._heart = Heart(clocks, ServerClock(clocks))

    async def pulse(self) -> Pulse:
        found = await self._heart.beat(self._session)
        assert isinstance(found, Pulse), found
        return found


@asynccontextmanager
async def listening(dsn: str) -> AsyncIterator[Listening]:
    async with session_at(dsn) as session:
        made = Listening(session)
        for _ in range(3):
            assert (await made.pulse()).locked is None
        yield made


@contextmanager
def rebuilding(connection: Connection, index: LiteralString) -> Iterator[None]:
    """Rebuild an index, and keep the lock that this takes."""
    connection.execute("begin")
    connection.execute(f"reindex index pg_catalog.{index}")
    try:
        yield
    finally:
        connection.execute("rollback")


async def test_a_locked_catalog_is_told_by_its_name(database: Database) -> None:
    with database.connect() as superuser:
        async with listening(database.dsn(MONITOR)) as heart:
            for catalog in CATALOGS:
                with locked(superuser, f"pg_catalog.{catalog}"):
                    assert (await heart.pulse()).locked == catalog
            assert (await heart.pulse()).locked is None


async def test_so_is_one_whose_index_is_being_rebuilt(database: Database) -> None:
    with database.connect() as superuser:
        async with listening(database.dsn(MONITOR)) as heart:
            with rebuilding(superuser, "pg_proc_oid_index"):
                assert (await heart.pulse()).locked == "pg_proc"
            with rebuilding(superuser, "pg_type_typname_nsp_index"):
                assert (await heart.pulse()).locked == "pg_type"


async def test_a_lock_in_another_database_is_nothing_here(database: Database) -> None:
    with connect(database.server) as elsewhere:
        async with listening(database.dsn(MONITOR)) as heart:
            for catalog in ("pg_class", "pg_proc"):
                with locked(elsewhere, f"pg_catalog.{catalog}"):
                    assert (await heart.pulse()).locked is None
            with locked(elsewhere, "pg_catalog.pg_database"):  # there is one for all databases
                assert (await heart.pulse()).locked == "pg_database"


@pytest.mark.pg(18)
async def test_one_that_comes_late_writes_a_line_and_the_next_waits_for_the_server(private_server: MakeServer) -> None:
    server = private_server()
    async with session_at(server.dsn(MONITOR)) as session:
        clocks = Clocks()
        heart = Heart(clocks, ServerClock(clocks))
        slow = f"select h.* from ({heart.request.sql.strip().rstrip(';')}) h cross join pg_catalog.pg_sleep(1.0)"
        heart.request = replace(heart.request, sql=slow)
        late = await heart.beat(session)
        assert isinstance(late, Failure)
        assert (late.kind, heart.faint) == (FailureKind.DEADLINE, True)
        assert isinstance(await heart.beat(session), Pulse)
        assert not heart.faint
    assert server.log_text().count("ERROR:") == 1


async def test_it_knows_every_index_of_these_catalogs(database: Database) -> None:
    found = database.execute(
        """
        select indrelid::regclass::text, array_agg(indexrelid::int8) from pg_index
        where indrelid = any (%s::regclass[]) group by indrelid
        """,
        (list(CATALOGS),),
    )
    known = {
        name: set(map(int, numbers.split(",")[1:]))
        for name, numbers in re.findall(r"\('(pg_\w+)', '\{([\d,]+)\}'", load("heartbeat"))
    }
    assert set(known) == {name for name, _ in found} == set(CATALOGS)
    assert [name for name, indexes in found if not set(indexes) <= known[name]] == []
