"""Who waits behind whom, as it is kept of a real server: the tree now and from history, incidents, deadlocks."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from collect.watched import Watched
from entangled import EXPECTED, PREPARED, SETTINGS, WAITERS, Tree, all_shapes, scene
from fix_servers import MONITOR, MakeServer
from pgvigil.analyse.locks import Incident, Node, incidents, tree
from pgvigil.catalog import load

CATALOG = load()
SECOND = 1_000_000
LATER = 30.0
"""Seconds after which history has to tell the same."""


def as_trees(nodes: tuple[Node, ...]) -> Tree:
    """The lines of the tree as what they stand for."""
    roots: dict[str, Any] = {}
    path: list[dict[str, Any]] = [roots]
    for node in nodes:
        del path[node.depth + 1 :]
        name = PREPARED if node.who.pid == 0 else str(node.who.application)
        path.append(path[-1].setdefault(name, {}))
    return roots


def now() -> int:
    return time.time_ns() // 1_000


@pytest.mark.slow(reason="half a minute lies between a moment and what history tells of it")
async def test_six_shapes_are_seen_now_and_half_a_minute_later_from_history(
    tmp_path: Path, private_server: MakeServer
) -> None:
    server = private_server(settings=SETTINGS)
    expected = {name: below for shape in EXPECTED.values() for name, below in shape.items()}
    async with Watched(tmp_path, CATALOG, server.dsn(MONITOR)) as watched:
        with scene(server) as made:
            await asyncio.to_thread(all_shapes, made)
            seen = lambda: tree(watched.store, 1, now()).waiting == WAITERS  # noqa: E731
            await watched.until(seen, "all that wait")
            moment = now()
            live = tree(watched.store, 1, moment)
            ((holder,),) = made.owner.execute(
                "select pid from pg_stat_activity where application_name = 'idle:root'"
            ).fetchall()
            await asyncio.sleep(2)
        assert as_trees(live.nodes) == expected
        ended = time.monotonic()
        await watched.until(lambda: tree(watched.store, 1, now()).waiting == 0, "that nobody waits any more")
        await asyncio.sleep(LATER - (time.monotonic() - ended))
        past = tree(watched.store, 1, moment)
        assert (as_trees(past.nodes), past.at, past.known) == (expected, live.at, True)
        same = [
            [(node.who.pid, node.depth, node.behind, node.wait and node.wait.waited) for node in it.nodes]
            for it in (live, past)
        ]
        assert same[0] == same[1]  # names and texts may have been told meanwhile
        nobody = tree(watched.store, 1, now())
        assert (nobody.nodes, nobody.known) == ((), True)
        found = incidents(watched.store, 1, moment - 120 * SECOND, now(), most=100)
    by_head = {
        PREPARED if it.head and it.head.pid == 0 else it.head and it.head.application: it for it in found.incidents
    }
    assert set(by_head) == set(expected)
    hub, chain = by_head["star:hub"], by_head["chain:1"]
    assert (hub.sessions, hub.depth, hub.statements, hub.relation) == (50, 1, 1, "star")
    assert (chain.sessions, chain.depth, chain.text) == (4, 4, "update chain set n = n + $1 where id = $2")
    assert hub.lost > 50 * 1.5
    assert hub.since < moment < hub.until
    idle = by_head["idle:root"]
    assert idle.head is not None
    assert (idle.head.pid, idle.head.state) == (holder, "idle in transaction")
    assert idle.longest == pytest.approx((idle.until - idle.since) / SECOND, abs=0.1)


async def test_a_deadlock_that_resolves_itself_leaves_an_incident_with_who_was_in_it(
    tmp_path: Path, private_server: MakeServer
) -> None:
    server = private_server(settings={**SETTINGS, "deadlock_timeout": "1s"})
    begin = now()
    async with Watched(tmp_path, CATALOG, server.dsn(MONITOR)) as watched:
        sampled = "select count(*) from passes where probe = 'sessions' and samples > 0"
        await watched.until(lambda: watched.one(sampled), "samples")
        with scene(server) as made:
            made.owner.execute("create table ring as select i as id, 0 as n from generate_series(1, 2) i")
            update = "update ring set n = n + 1 where id = {}"
            second = await asyncio.to_thread(made.holds, "ring:2", update.format(2))
            await asyncio.to_thread(made.waits, "ring:1", update.format(2), update.format(1))
            await asyncio.to_thread(made.close_circle, second, update.format(1))

        def told() -> list[Incident]:
            found = incidents(watched.store, 1, begin, now(), most=100)
            return [it for it in found.incidents if it.deadlocks]

        await watched.until(told, "the deadlock")
        (deadlock,) = told()
    assert (deadlock.deadlocks, deadlock.database) == (1, "postgres")
    assert set(deadlock.who) <= {"ring:1", "ring:2"}
    assert deadlock.who
    assert begin < deadlock.since < deadlock.until


async def test_what_waits_is_told_to_whoever_looks_with_who_is_in_its_way(
    tmp_path: Path, private_server: MakeServer
) -> None:
    server = private_server(settings=SETTINGS)
    async with Watched(tmp_path, CATALOG, server.dsn(MONITOR)) as watched:
        with scene(server) as made:
            made.owner.execute("create table idle as select 1 as id, 0 as n")
            holder = await asyncio.to_thread(made.holds, "idle:root", "update idle set n = 1 where id = 1")
            await asyncio.to_thread(
                made.waits, "idle:waiter", "update idle set n = length('secret') where id = 1 or n = 4711"
            )
            pid = holder.info.backend_pid
            sampled = "select count(*) from passes where probe = 'sessions' and samples > 0"
            await watched.until(lambda: watched.one(sampled), "samples")

            async def glanced() -> Mapping[str, Any]:
                glance = await watched.collector.glance()
                rows = [dict(zip(glance.names, row, strict=True)) for row in glance.rows]
                (waiter,) = [row for row in rows if row["application"] == "idle:waiter"]
                (root,) = [row for row in rows if row["pid"] == pid]
                return {"waiter": waiter, "root": root, "blockers": glance.blockers, "ts": glance.ts, "rows": rows}

            first, second = await glanced(), await glanced()
        kept = watched.rows("select table_name from information_schema.tables where table_name like 'activity%'")
    assert 0.5 * SECOND < second["ts"] - first["ts"] < 2.5 * SECOND
    assert first["blockers"] == {first["waiter"]["pid"]: (pid,)}
    assert first["root"]["state"] == "idle in transaction"
    assert first["waiter"]["wait_event_type"] == "Lock"
    assert "4711" not in str(first["rows"])
    assert "secret" not in str(first["rows"])
    assert first["waiter"]["text"] == "update idle set n = length($1) where id = $2 or n = $3"
    assert second["waiter"]["state_age"] > first["waiter"]["state_age"]
    assert kept == []
