"""Visits of databases on real servers: what is told where there are none, and how often it is tried again."""

import asyncio
from pathlib import Path

from collect.watched import Watched
from fix_servers import MONITOR, MakeServer, connect
from pgvigil.collect.asking import load
from pgvigil.model import Condition
from toys import PLACED, load_toys

PLACED_SQL = "select 1::oid as dbid, 1::int8 as hits"
LIST = load("databases").splitlines()[0]
"""How the log tells the question for the list of databases."""


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
                # Told when it failed twice, ten seconds apart: before or after it worked elsewhere.
                again = f"select count(*) >= 2 from passes where probe = '{name}' and outcome = 'failed'"
                await watched.until(lambda again=again: watched.one(again), f"{name} fails again")  # type: ignore[misc]
            await watched.until_state(Condition.LIMITED, "fails (other: division by zero)")
            works = "select count(*) from passes where outcome = 'ok' and probe = 'late'"
            before = watched.one(works)
            await watched.until(lambda: watched.one(works) >= before + 4, "two rounds through the other databases")
            assert server.log_text().count("ERROR:  division by zero") == 4
            for name in "az":
                connection.execute(f"drop database {name} with (force)")
            await watched.until_state(Condition.WATCHING)
