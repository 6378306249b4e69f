"""Visits of databases on real servers: what is told where there are none, and how often it is tried again."""

import asyncio
from pathlib import Path

import pytest

from collect.watched import Watched
from fix_servers import MONITOR, MakeServer, connect
from pgvigil.collect.asking import load
from pgvigil.model import Condition
from pgvigil.sandbox.server import Server
from toys import PLACED, load_toys

PLACED_SQL = "select 1::oid as dbid, 1::int8 as hits"
TICKING_SQL = """
select oid as dbid, extract(epoch from clock_timestamp())::int8 as hits
from pg_database where datname = current_database()
"""
"""Counts once a second, whatever happens."""
LIST = load("databases").splitlines()[0]
"""How the log tells the question for the list of databases."""


@pytest.mark.slow(reason="waits longer than the ten seconds after which visits are tried again")
async def test_a_list_of_databases_that_has_no_answer_is_told_and_left_alone(
    tmp_path: Path, private_server: MakeServer
) -> None:
    server = private_server()
    catalog = load_toys(tmp_path, {"placed": (PLACED, {"14.sql": PLACED_SQL})})
    with connect(server) as connection:
        connection.execute("revoke select on pg_database from public")
        async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
            await watched.until_state(Condition.LIMITED, "the list of databases has no answer (privilege")
            assert "tables, indexes" in watched.collector.state.cause
            assert "pg_database" in watched.collector.state.remedy
            ((outcome, reason),) = watched.rows("select outcome, reason from passes where probe = 'placed'")
            assert outcome == "failed"
            assert reason.startswith("the list of databases has no answer (privilege")
            await asyncio.sleep(12.0)  # visits that are refused are tried again after ten seconds
            assert server.log_text().count(LIST) == 1
            connection.execute("grant select on pg_database to public")
            connection.execute(f"grant pg_signal_backend to {MONITOR}")  # that roles changed is noticed
            await watched.until(lambda: watched.last("placed"), "a visit")
            await watched.until_state(Condition.WATCHING)


async def test_what_fails_in_one_database_rests_there_and_goes_on_in_the_others(
    tmp_path: Path, private_server: MakeServer
) -> None:
    server = private_server()
    fails = "select 1::oid as dbid, (1 / case when current_database() = '{}' then 0 else 1 end)::int8 as hits"
    probes = {name: (PLACED, {"14.sql": fails.format(place)}) for name, place in (("early", "a"), ("late", "z"))}
    whole = {
        "whole": (PLACED.replace('scope = "database"', ""), {"14.sql": PLACED_SQL})
    }  # its passes tell of the others
    with connect(server) as connection:
        for name in "az":
            connection.execute(f"create database {name}")
        async with Watched(tmp_path, load_toys(tmp_path, probes | whole), server.dsn(MONITOR)) as watched:
            for name in probes:
                failed = f"select count(*) >= 1 from passes where probe = '{name}' and outcome = 'failed'"
                await watched.until(lambda failed=failed: watched.one(failed), f"{name} fails")  # type: ignore[misc]
            await watched.until_state(Condition.LIMITED, "fails (other: division by zero)")
            works = "select count(*) from passes where outcome = 'ok' and probe = 'late'"
            before = watched.one(works)
            await watched.until(lambda: watched.one(works) >= before + 4, "two rounds through the other databases")
            assert server.log_text().count("ERROR:  division by zero") == 2
            for name in "az":
                connection.execute(f"drop database {name} with (force)")
            await watched.until_state(Condition.WATCHING)


@pytest.mark.slow(reason="visits databases every second, for some seconds with one of them away, twice")
async def test_a_database_that_was_away_counts_from_when_it_was_read_last(
    tmp_path: Path, private_server: MakeServer
) -> None:
    server = private_server()
    catalog = load_toys(tmp_path, {"placed": (PLACED.replace("2s", "1s"), {"14.sql": TICKING_SQL})})
    with connect(server) as connection:
        for name in "ab":
            connection.execute(f"create database {name}")
        away = Ticking(server)
        async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
            await away.until_visited(watched, 3)
            # Refused for a while, then dropped out of a run: neither is a restart of what it counts.
            connection.execute("alter database b allow_connections false")
            await away.until_only_others(watched)
            connection.execute("alter database b allow_connections true")
            await away.until_visited(watched, 2)
            connection.execute("alter database b allow_connections false")
            await away.until_only_others(watched)
        async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
            await away.until_only_others(watched)
            connection.execute("alter database b allow_connections true")
            await away.until_visited(watched, 2)
            rows = watched.rows(f"select secs, hits from placed where dbid = {away.oid}")
            assert [row for row in rows if abs(row[0] - row[1]) > 1.5] == []
            assert sum(secs > 3.0 for secs, _ in rows) == 2
            assert watched.rows("select * from gaps") == []


async def test_what_is_known_of_a_database_goes_when_it_is_dropped(tmp_path: Path, private_server: MakeServer) -> None:
    server = private_server()
    catalog = load_toys(tmp_path, {"placed": (PLACED, {"14.sql": TICKING_SQL})})
    with connect(server) as connection:
        connection.execute("create database b")
        async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
            gone = Ticking(server)
            await gone.until_visited(watched, 2)
            station = watched.collector._shift._tools.station
            assert ("placed", gone.oid) in station._series
            connection.execute("drop database b with (force)")
            await watched.until(lambda: ("placed", gone.oid) not in station._series, "what is known of b is let go")
            assert ("placed", gone.others) in station._series


class Ticking:
    """The rows of database b and of the others."""

    def __init__(self, server: Server) -> None:
        with connect(server) as connection:
            found = connection.execute("select datname, oid::int8 from pg_database").fetchall()
            oids: dict[str, int] = dict(found)
        self.oid: int = oids["b"]
        self.others: int = oids["postgres"]

    async def until_visited(self, watched: Watched, times: int) -> None:
        """Until so many more rows of b came."""
        before = self._rows(watched, "=")
        await watched.until(lambda: self._rows(watched, "=") >= before + times, "visits of b")

    async def until_only_others(self, watched: Watched) -> None:
        """Until the others were visited a few times, and b was not."""
        await self._others(watched, 2)
        before = self._rows(watched, "=")
        await self._others(watched, 8)
        assert self._rows(watched, "=") == before

    async def _others(self, watched: Watched, more: int) -> None:
        before = self._rows(watched, "<>")
        await watched.until(lambda: self._rows(watched, "<>") >= before + more, "visits of the others")

    def _rows(self, watched: Watched, sign: str) -> int:
        return int(watched.one(f"select count(*) from placed where dbid {sign} {self.oid}"))
