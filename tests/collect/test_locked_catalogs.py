"""A catalog locked for long, with the real collector: never a third session of ours on the server, then data again."""

import asyncio
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from collect.watched import Watched
from fix_house import slowed_by
from fix_pgbouncer import MakePgBouncer
from fix_proxy import MakeProxy
from fix_servers import MONITOR, Connection, Database
from pg.fix_pg import backends, locked
from pgvigil.catalog import load
from pgvigil.collect import Sample
from pgvigil.model import Condition

CATALOGS = ("pg_class", "pg_proc", "pg_authid", "pg_database")
ON_THE_WAY_IN = ("pg_authid", "pg_database", "pg_class", "pg_proc")
OURS = 3
"""Two, and one that visits the databases or is on its way in."""

LOCKED_FOR = 5.0
"""Seconds: longer than an attempt to connect lasts."""


IMPATIENT = {"dialing.LATE": 0.4, "dialing.TIMEOUT": 0.5, "line.FIRST_WAIT": 0.2, "line.LONGEST_WAIT": 0.26}
WAITED = 2.5
"""Seconds of an attempt and between two, so that more than OURS are made in WAITED, the time at each catalog."""

TOLD = 5.0
"""Seconds, on a machine that does nothing else, until a cause is named."""

TERMINATED = "select pg_terminate_backend(pid) from pg_stat_activity where usename = %s"


async def most_of_ours(database: Database, seconds: float) -> int:
    """The most processes that served us, or began to, at any moment of these seconds."""
    most, ends = 0, asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < ends:
        titles = await asyncio.to_thread(backends, database.server)
        most = max(most, sum(1 for title in titles if MONITOR in title))
        await asyncio.sleep(0.03)
    return most


def samples(watched: Watched) -> int:
    return sum(isinstance(event, Sample) for event in watched.events)


async def data_flow(watched: Watched) -> None:
    """Wait for what comes over both connections."""
    heard = samples(watched)
    await watched.until_passes(1)
    await watched.until(lambda: samples(watched) > heard, "a sample")
    await watched.until_state(Condition.WATCHING)


def spared(watched: Watched, catalog: str) -> bool:
    """Whether a pass is kept in which nothing was asked, for this reason."""
    return bool(watched.rows(f"select probe from passes where outcome = 'skipped' and reason = '{catalog} is locked'"))


@pytest.mark.slow(reason="four catalogs, each locked for so long that several attempts to connect fail")
@pytest.mark.pg(14, 18)
async def test_no_session_of_ours_piles_up_behind_a_locked_catalog(
    database: Database, proxy: MakeProxy, tmp_path: Path
) -> None:
    hop = proxy(database.server.port)
    with database.connect() as superuser:
        async with Watched(tmp_path, load(), database.dsn(MONITOR, port=hop.port)) as watched:
            await data_flow(watched)
            for catalog in CATALOGS:
                with locked(superuser, f"pg_catalog.{catalog}"):
                    await watched.until_state(Condition.LIMITED, f"{catalog} is locked")
                    watched.collector.look_now()
                    await watched.until(lambda catalog=catalog: spared(watched, catalog), f"spared for {catalog}")  # type: ignore[misc]
                    hop.cut()
                    most = await most_of_ours(database, LOCKED_FOR * slowed_by())
                assert 1 <= most <= OURS, catalog
                await data_flow(watched)


def lock_all(superuser: Connection) -> None:
    """Lock every catalog, the first that a session comes to last, each after a savepoint of its name: to roll back to
    that releases it."""
    superuser.execute("begin")
    for catalog in reversed(ON_THE_WAY_IN):
        name = sql.Identifier(catalog)
        superuser.execute(sql.SQL("savepoint {}").format(name))
        superuser.execute(sql.SQL("lock table pg_catalog.{} in access exclusive mode").format(name))


@pytest.mark.pg("all")
@pytest.mark.parametrize("pooled", [False, True], ids=["direct", "pooler"])
async def test_no_session_of_ours_piles_up_on_its_way_from_one_locked_catalog_to_the_next(
    database: Database,
    proxy: MakeProxy,
    pgbouncer: MakePgBouncer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pooled: bool,
) -> None:
    hop = proxy(pgbouncer(database.server).port if pooled else database.server.port)
    late = "did not answer its first query" if pooled else "did not start a session"
    async with Watched(tmp_path, load(), database.dsn(MONITOR, port=hop.port)) as watched:
        await data_flow(watched)
        with database.connect() as superuser:
            lock_all(superuser)
            await in_time(watched, Condition.LIMITED, "is locked")
            with monkeypatch.context() as impatient:
                for name, seconds in IMPATIENT.items():
                    impatient.setattr(f"pgvigil.collect.{name}", seconds)
                superuser.execute(TERMINATED, (MONITOR,))  # also what a pooler holds
                hop.cut()
                await in_time(watched, Condition.UNREACHABLE, late)
                for catalog in ON_THE_WAY_IN:
                    most = await most_of_ours(database, WAITED)
                    assert 1 <= most <= OURS, catalog
                    assert "lock" in f"{watched.collector.state.cause} {watched.collector.state.remedy}", catalog
                    superuser.execute(sql.SQL("rollback to savepoint {}").format(sql.Identifier(catalog)))
            await data_flow(watched)


async def test_a_lock_that_a_new_backend_of_a_pooler_meets_is_told_as_one(
    database: Database, pgbouncer: MakePgBouncer, tmp_path: Path
) -> None:
    """Where it never asked before, the heartbeat itself needs the catalog: it cannot say which one."""
    port = pgbouncer(database.server, {"default_pool_size": "1"}).port
    with database.connect() as superuser:
        async with Watched(tmp_path, load(), database.dsn(MONITOR, port=port)) as watched:
            await data_flow(watched)
            heard = samples(watched)
            await watched.until(lambda: samples(watched) > heard, "a sample, so that the next is a second away")
            superuser.execute(TERMINATED, (MONITOR,))
            await asyncio.sleep(0.2)  # until the pooler has seen it
            with psycopg.connect(database.dsn(MONITOR, port=port), autocommit=True) as other:
                other.execute("select")
                with locked(superuser, "pg_catalog.pg_proc"):
                    await in_time(watched, Condition.LIMITED, "A catalog of the system is locked")
                    assert "pg_locks" in watched.collector.state.remedy
            await data_flow(watched)


async def in_time(watched: Watched, condition: Condition, words: str) -> None:
    """Wait for a state that a user is told within TOLD, where the machine has nothing else to do."""
    slowness = slowed_by()
    took = await watched.until_state(condition, words)
    assert took <= TOLD * max(slowness, slowed_by()), (words, took)
    assert watched.collector.state.remedy
