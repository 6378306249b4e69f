"""A catalog locked for long, with the real collector: never a third session of ours on the server, then data again."""

import asyncio
from pathlib import Path

import pytest

from collect.watched import Watched
from fix_proxy import MakeProxy
from fix_servers import MONITOR, Database
from pg.fix_pg import backends, locked
from pgvigil.catalog import load
from pgvigil.collect import Sample
from pgvigil.model import Condition

CATALOGS = ("pg_class", "pg_proc", "pg_authid", "pg_database")
OURS = 3
"""Two, and one that visits the databases or is on its way in."""

LOCKED_FOR = 5.0
"""Seconds: longer than an attempt to connect lasts."""


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
                    most = await most_of_ours(database, LOCKED_FOR)
                assert 1 <= most <= OURS, catalog
                await data_flow(watched)
