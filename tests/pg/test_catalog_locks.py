"""AccessExclusiveLock on the system catalog: answers in time, and never more sessions of ours than allowed."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fix_pgbouncer import MakePgBouncer
from fix_servers import MONITOR, Connection, Database
from pg.fix_pg import ask, backends, locked, neighbours, rows, session_at, target, wait_until
from pgvigil.collect.clock import Clocks, ServerClock
from pgvigil.collect.heart import Heart
from pgvigil.model import Condition
from pgvigil.pg import Attempts, ConnectError, Session, connect
from pgvigil.sandbox.server import Server

pytestmark = pytest.mark.pg("all")

CATALOGS = tuple(f"pg_catalog.{name}" for name in ("pg_class", "pg_proc", "pg_authid", "pg_database"))
LATE = 30.0  # s: nobody waits that long, even on a busy machine


@contextmanager
def counting(server: Server) -> Iterator[list[int]]:
    """How many backends the server had, looked up all the time; the caller's own are among them."""
    counts: list[int] = []
    done = threading.Event()

    def count() -> None:
        while not done.wait(0.03):
            counts.append(len(backends(server)))

    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield counts
    finally:
        done.set()
        thread.join()


async def passes(session: Session) -> None:
    clocks = Clocks()
    heart = Heart(clocks, ServerClock(clocks))
    for _ in range(3):
        async with asyncio.timeout(LATE):
            await heart.beat(session)
        async with asyncio.timeout(LATE):
            await session.run(neighbours(), deadline=3.0)
        await asyncio.sleep(0.1)  # for those that count


async def test_open_sessions_answer_in_time_and_go_on_afterwards(database: Database) -> None:
    with database.connect() as superuser:
        async with session_at(database.dsn(MONITOR)) as one, session_at(database.dsn(MONITOR)) as two:
            for catalog in CATALOGS:
                with counting(database.server) as counts, locked(superuser, catalog):
                    await asyncio.gather(passes(one), passes(two))
                assert max(counts) == 3, catalog  # these two and the superuser
                assert not one.broken, catalog
                assert all(rows(reply) for reply in await two.run(neighbours(), deadline=LATE)), catalog


async def test_behind_a_pooler_runs_end_in_time_and_go_on_afterwards(
    database: Database, pgbouncer: MakePgBouncer
) -> None:
    port = pgbouncer(database.server, {"default_pool_size": "1"}).port
    attempts = Attempts()
    with database.connect() as superuser:
        for catalog in CATALOGS:
            async with session_at(database.dsn(MONITOR, port=port), attempts) as session:
                with counting(database.server) as counts, locked(superuser, catalog):
                    await passes(session)
                assert max(counts) == 2, catalog
                if not session.broken:
                    assert all(rows(reply) for reply in await session.run(neighbours(), deadline=LATE)), catalog
        async with session_at(database.dsn(MONITOR, port=port), attempts) as session:
            assert all(rows(reply) for reply in await session.run(neighbours(), deadline=LATE))


async def try_to_connect(database: Database, attempts: Attempts, seconds: float) -> Session | ConnectError:
    try:
        async with asyncio.timeout(LATE):
            return await connect(target(database.dsn(MONITOR)), timeout=seconds, attempts=attempts)
    except ConnectError as error:
        return error


def only(superuser: Connection, server: Server) -> bool:
    return len(backends(server)) == 1


@pytest.mark.parametrize("catalog", CATALOGS)
async def test_attempts_to_connect_never_pile_up_on_the_server(database: Database, catalog: str) -> None:
    attempts = Attempts()
    with database.connect() as superuser:
        wait_until(lambda: only(superuser, database.server))
        with counting(database.server) as counts, locked(superuser, catalog):
            for _ in range(3):
                pair = (try_to_connect(database, attempts, 0.7) for _ in range(2))
                for came in await asyncio.gather(*pair):
                    if isinstance(came, ConnectError):
                        assert came.condition is Condition.UNREACHABLE
                        assert came.cause
                        assert came.remedy
                    else:
                        came.close()
                assert attempts.outstanding <= 1
        assert max(counts) <= 1 + 2
        session = await try_to_connect(database, attempts, LATE)
        assert isinstance(session, Session), session
        assert rows(await ask(session, "select 7"))[0] == (7,)
        session.close()
        attempts.close()
        assert attempts.outstanding == 0
        wait_until(lambda: only(superuser, database.server))
