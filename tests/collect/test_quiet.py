"""Fingerprints never land in the server's log: when it begins to log while we watch, and between two limits."""

from pathlib import Path

import pytest

from collect.watched import Watched
from fix_servers import MONITOR, MakeServer, connect
from logged import HEARTBEAT, told_fingerprints
from pgvigil.catalog import load
from pgvigil.sandbox.server import Server
from toys import load_toys

SLOW = """
summary = "A toy that is as slow as it is told"
shape = "counters"
every = "10s"
deadline = "500ms"
cost = "nothing"
key = ["id"]
changed_by = ["hits"]
keyframe = "10m"
calls = ["slow"]

[columns.id]
kind = "key"
type = "int8"
help = "Which"

[columns.hits]
kind = "counter"
type = "int8"
help = "How often"
"""
SLOW_SQL = "select s.id, s.hits from public.slow() s"
PLACED = (
    (
        SLOW.replace("10s", "2s")
        .replace('calls = ["slow"]', 'scope = "database"')
        .replace('key = ["id"]', 'key = ["dbid", "id"]')
    )
    + """
[columns.dbid]
kind = "key"
type = "oid"
help = "Where"
"""
)
PLACED_SQL = """
select d.oid as dbid, g::int8 as id, 1::int8 as hits
from pg_database d, generate_series(1, 40) g where d.datname = current_database()
"""
MADE = """
create table pace (seconds float8);
insert into pace values (0);
create function slow() returns table (id int8, hits int8) language plpgsql as $$
begin
  perform pg_sleep(seconds) from public.pace;
  return query select g::int8, 1::int8 from generate_series(1, 40) g;
end $$;
"""


@pytest.mark.pg(14, 18)
async def test_logging_that_begins_while_we_watch_is_noticed_before_the_next_question(
    tmp_path: Path, private_server: MakeServer
) -> None:
    server = private_server()
    async with Watched(tmp_path, load(), server.dsn(MONITOR)) as watched:
        await watched.until_passes(3)
        server.configure({"log_min_duration_statement": "0"})
        server.reload()
        await watched.until_passes(3)
    # A question that was under way as it began may be logged: of each session counts what follows its first heartbeat.
    logged = told_fingerprints(server, after=HEARTBEAT)
    assert len(logged) >= 3
    assert max(logged) == 0, logged


async def test_a_database_that_logs_otherwise_gets_no_fingerprints(tmp_path: Path, private_server: MakeServer) -> None:
    server = private_server()
    with connect(server) as connection:
        connection.execute("create database logged")
        connection.execute("alter database logged set log_min_duration_statement = 0")
    catalog = load_toys(tmp_path, {"placed": (PLACED, {"14.sql": PLACED_SQL})})
    async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
        # Parse, Bind and Execute are a line each.
        await watched.until(lambda: len(told_fingerprints(server)) >= 9, "three visits")
    logged = told_fingerprints(server)
    assert max(logged) == 0, logged


async def slowed(tmp_path: Path, server: Server, seconds: float) -> list[int]:
    """Have a probe that sent fingerprints take so long; returns how many of them stand in the log each time."""
    with connect(server) as connection:
        connection.execute(MADE)
        connection.execute(f"grant select on pace to {MONITOR}")
        catalog = load_toys(tmp_path, {"slow": (SLOW, {"14.sql": SLOW_SQL})})
        async with Watched(tmp_path, catalog, server.dsn(MONITOR)) as watched:
            await watched.until_passes(3, "slow")
            connection.execute("update pace set seconds = %s", (seconds,))
            before = passes(watched)
            watched.collector.look_now()
            await watched.until(lambda: passes(watched) > before, "a pass in which it is slow")
    return told_fingerprints(server)


def passes(watched: Watched) -> int:
    return int(watched.store.query("select count(*) from passes where probe = 'slow'").rows[0][0])


TOO_SLOW = "canceling statement due to statement timeout"


@pytest.mark.parametrize(
    ("setting", "value", "seconds"),
    [("log_min_duration_statement", "300", 0.4), ("log_parameter_max_length_on_error", "-1", 0.8)],
    ids=["a threshold between the limits", "an error with its parameters"],
)
async def test_what_runs_into_its_limit_is_logged_without_fingerprints(
    tmp_path: Path, private_server: MakeServer, setting: str, value: str, seconds: float
) -> None:
    server = private_server(settings={setting: value})
    logged = await slowed(tmp_path, server, seconds)
    assert max(logged) == 0, logged
    assert TOO_SLOW in server.log_text()
