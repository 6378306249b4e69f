"""What the probe of the locks says of sessions that wait for each other in known shapes."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from entangled import EXPECTED, PREPARED, SETTINGS, WAITERS, Tree, all_shapes, scene
from fix_servers import MONITOR, Database, MakeServer
from pgvigil.catalog import load
from probing import Row, probing

CATALOG = load()


def trees(rows: list[Row], names: Mapping[Any, str]) -> Tree:
    """The edges as trees: below each those whose first edge leads to it."""
    below: dict[str, dict[str, Any]] = {}
    children: set[str] = set()
    for row in rows:
        blocker, waiter = names[row["blocker"]], names[row["waiter"]]
        below.setdefault(blocker, {})[waiter] = below.setdefault(waiter, {})
        children.add(waiter)
    return {name: found for name, found in below.items() if name not in children}


@pytest.mark.pg("all")
async def test_six_shapes_are_told_as_they_are(private_server: MakeServer) -> None:
    server = private_server(settings=SETTINGS)
    with scene(server) as made:
        all_shapes(made)
        async with probing(server.dsn(MONITOR), CATALOG) as prober:
            rows = await prober.rows("locks")
        named = made.owner.execute(
            "select pid, application_name from pg_stat_activity where pid is not null"
        ).fetchall()
        blocking: dict[Any, list[int]] = dict(
            made.owner.execute(
                "select pid, pg_blocking_pids(pid) from pg_stat_activity where wait_event_type = 'Lock'"
            ).fetchall()
        )
        ((xid,),) = made.owner.execute("select transaction::text::int8 from pg_prepared_xacts").fetchall()
    names: dict[Any, str] = {0: PREPARED, **dict(named)}
    pids = {name: pid for pid, name in names.items()}
    expected = {name: tree for shape in EXPECTED.values() for name, tree in shape.items()}
    assert len({row["waiter"] for row in rows}) == WAITERS == len(blocking)
    assert trees(rows, names) == expected
    for row in rows:
        assert row["blocker"] in blocking[row["waiter"]], names[row["waiter"]]
    by_name = {names[row["waiter"]]: row for row in rows}
    root_of = {name: names[row["root"]] for name, row in by_name.items()}
    assert {root_of[f"chain:{number}"] for number in range(2, 6)} == {"chain:1"}
    assert [by_name[f"chain:{number}"]["depth"] for number in range(2, 6)] == [1, 2, 3, 4]
    assert (root_of["soft:next reader"], by_name["soft:next reader"]["depth"]) == ("soft:reader", 2)
    assert {name: row["how"] for name, row in by_name.items() if row["how"] == "queued"} == {
        "soft:next reader": "queued"
    }
    assert (by_name["prepared:waiter"]["prepared"], by_name["prepared:waiter"]["blocker_started"]) == (xid, None)
    assert by_name["idle:waiter"]["blocker_state"] == "idle in transaction"
    assert by_name["advisory:waiter"]["blocker_state"] == "idle"
    assert {row["locktype"] for row in rows} == {"transactionid", "relation", "advisory"}
    assert by_name["advisory:waiter"]["relid"] is None
    assert by_name["soft:changer"]["mode"] == "AccessExclusiveLock"
    assert by_name["soft:changer"]["blocker"] == pids["soft:reader"]


async def test_sessions_that_wait_in_a_circle_are_in_nobodys_chain(private_server: MakeServer) -> None:
    server = private_server(settings=SETTINGS)
    with scene(server) as made:
        made.owner.execute("create table ring as select i as id, 0 as n from generate_series(1, 2) i")
        update = "update ring set n = n + 1 where id = {}"
        second = made.holds("ring:2", update.format(2))
        made.waits("ring:1", update.format(2), update.format(1))
        closing = asyncio.to_thread(made.close_circle, second, update.format(1))
        task = asyncio.create_task(closing)
        async with probing(server.dsn(MONITOR), CATALOG) as prober:
            rows: list[Row] = []
            while len(rows) < 2:
                rows = await prober.rows("locks")
        made.end()
        await task
    assert {(row["waiter"], row["blocker"]) for row in rows} == {
        (one["waiter"], other["waiter"]) for one in rows for other in rows if one is not other
    }
    assert [(row["root"], row["depth"]) for row in rows] == [(None, None), (None, None)]


async def test_of_many_in_the_way_the_ten_oldest_are_told_and_time_is_shared_among_them(database: Database) -> None:
    with scene(database.server, database.name) as made:
        made.owner.execute("create table wanted (id int)")
        for number in range(12):
            made.holds(f"readers:{number}", "select * from wanted")
        made.waits("readers:changer", "lock table wanted")
        async with probing(database.dsn(MONITOR), CATALOG) as prober:
            mine = [row for row in await prober.rows("locks") if row["application"] == "readers:changer"]
    assert [
        row["blocker_application"] for row in sorted(mine, key=lambda row: -float(row["blocker_xact_age"] or 0))
    ] == [f"readers:{number}" for number in range(10)]
    assert [row["lost"] for row in mine] == [0.1] * 10
