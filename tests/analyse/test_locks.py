"""Trees and incidents over edges made for it."""

from collections.abc import Mapping, Sequence

import pytest

from analyse.keeping import SECOND, START, TARGET, batch
from pgvigil.analyse.locks import incidents, tree
from pgvigil.model import Value
from pgvigil.store import Store

Row = Mapping[str, Value]
PERIOD = 10
"""Seconds between two batches of `keeping`."""


def at(number: float) -> int:
    """When a pass was, in microseconds."""
    return START + round(number * PERIOD * SECOND)


def edge(waiter: int, blocker: int, **more: Value) -> Row:
    waits: Row = {
        "waiter": waiter, "blocker": blocker, "root": blocker, "how": "held", "locktype": "relation",
        "mode": "ShareLock", "dbid": 5, "relid": 9, "userid": 10, "application": f"app {waiter}", "queryid": waiter,
        "blocker_userid": 11, "blocker_application": f"app {blocker}", "blocker_state": "active",
        "blocker_queryid": blocker, "depth": 1, "waited": 2.0, "lost": 1.0, "blocker_xact_age": 5.0,
        "blocker_state_age": 1.0,
    }  # fmt: skip
    return {**waits, **more}


def keep(store: Store, number: int, *rows: Row) -> None:
    """A reading, and that the sessions were looked at."""
    sessions: list[Row] = [{"dbid": 5, "userid": 10, "state": "active", "queryid": 3, "samples": 10}]
    store.append([batch(number, "sessions", sessions, samples=10), batch(number, "locks", list(rows))])


def drawn(store: Store, moment: int) -> Sequence[tuple[int, int, int]]:
    """Depth, process and number behind of each line."""
    return [(node.depth, node.who.pid, node.behind) for node in tree(store, TARGET, moment).nodes]


def test_the_largest_tree_comes_first_and_the_deepest_branch_of_it(store: Store) -> None:
    edges = [edge(2, 1), edge(3, 1, waited=9.0), edge(4, 2), edge(6, 5)]
    keep(store, 1, *edges)
    assert drawn(store, at(1)) == [(0, 1, 3), (1, 2, 1), (2, 4, 0), (1, 3, 0), (0, 5, 1), (1, 6, 0)]
    found = tree(store, TARGET, at(1))
    assert found.nodes[0].wait is None
    assert (found.waiting, found.at, found.known, found.seconds) == (4, at(1), True, 0)


def test_of_several_in_the_way_the_oldest_transaction_stands_above_and_the_others_are_named(store: Store) -> None:
    keep(store, 1, edge(3, 1, blocker_xact_age=5.0), edge(3, 2, blocker_xact_age=50.0))
    found = tree(store, TARGET, at(1))
    assert [(node.depth, node.who.pid, node.others) for node in found.nodes] == [(0, 2, ()), (1, 3, (1,))]


def test_a_circle_has_no_head_and_is_drawn_once(store: Store) -> None:
    keep(store, 1, edge(1, 2, root=None), edge(2, 3, root=None), edge(3, 1, root=None), edge(4, 3, root=None))
    found = tree(store, TARGET, at(1))
    assert [(node.depth, node.who.pid, node.circle) for node in found.nodes] == [
        (0, 1, True), (1, 3, False), (2, 2, False), (2, 4, False),
    ]  # fmt: skip
    assert found.nodes[0].behind == 3
    assert found.waiting == 4


def test_a_chain_may_be_as_long_as_there_are_sessions(store: Store) -> None:
    keep(store, 1, *(edge(number + 1, number) for number in range(1, 1001)))
    lines = drawn(store, at(1))
    assert lines == [(depth, depth + 1, 1000 - depth) for depth in range(1001)]


def test_two_prepared_transactions_are_two(store: Store) -> None:
    prepared = {"blocker_userid": None, "blocker_application": None, "blocker_state": None, "blocker_queryid": None}
    keep(store, 1, edge(2, 0, prepared=700, **prepared), edge(3, 0, prepared=701, **prepared))
    found = tree(store, TARGET, at(1))
    assert [(node.who.pid, node.who.prepared) for node in found.nodes if node.depth == 0] == [(0, 700), (0, 701)]


def test_nobody_who_waits_is_not_the_same_as_nobody_who_looked(store: Store) -> None:
    keep(store, 1, edge(2, 1))
    keep(store, 2)
    assert drawn(store, at(1.9)) == [(0, 1, 1), (1, 2, 0)]
    assert (drawn(store, at(2)), tree(store, TARGET, at(2)).known) == ([], True)
    assert (drawn(store, at(60)), tree(store, TARGET, at(60)).known) == ([], False)


def waiting(number: int, began: float, *, waiter: int = 2, blocker: int = 1, **more: Value) -> Row:
    """A wait that began at a pass and was seen at another."""
    return edge(waiter, blocker, wait_began=at(began), seen=at(number), **more)


def test_waits_behind_one_head_that_follow_each_other_are_one_incident(store: Store) -> None:
    store.append([batch(0, "role_names", [{"userid": 11, "name": "owner"}])])
    keep(store, 1, waiting(1, 0.5, waited=5.0))
    keep(store, 2, waiting(2, 0.5, waited=15.0), waiting(2, 1.9, waiter=3, depth=2, blocker=2, root=1))
    keep(store, 3)
    keep(store, 9, waiting(9, 8.9))
    found = incidents(store, TARGET, at(0), at(20), most=10)
    assert found.total == 2
    later, first = found.incidents
    assert (first.since, first.until, first.sessions, first.depth) == (at(0.5), at(2), 2, 2)
    assert (first.lost, first.longest, first.statements) == (3.0, 15.0, 2)
    assert first.head is not None
    assert (first.head.pid, first.head.application, first.head.role) == (1, "app 1", "owner")
    assert (later.since, later.until) == (at(8.9), at(9))


def test_two_heads_are_two_incidents_and_a_circle_is_one_without(store: Store) -> None:
    keep(store, 1, waiting(1, 0.5), waiting(1, 0.5, waiter=8, blocker=7), waiting(1, 0.6, waiter=9, root=None))
    heads = {it.head and it.head.pid for it in incidents(store, TARGET, at(0), at(20), most=10).incidents}
    assert heads == {1, 7, None}


def test_short_waits_are_no_incident(store: Store) -> None:
    keep(store, 1, edge(2, 1, waited=0.4, seen=at(1)))
    assert incidents(store, TARGET, at(0), at(20), most=10).total == 0


def test_deadlocks_are_told_with_who_was_seen_to_wait(store: Store) -> None:
    keep(store, 2, edge(2, 1, waited=0.4, seen=at(1.5)), edge(1, 2, waited=0.4, seen=at(1.5)))
    store.append([batch(0, "databases", [{"dbid": 5, "name": "shop"}])])
    store.append([batch(2, "databases", [{"dbid": 5, "deadlocks": 3, "name": "shop"}])])
    (found,) = incidents(store, TARGET, at(0), at(20), most=10).incidents
    assert (found.deadlocks, found.database, found.who) == (3, "shop", ("app 1", "app 2"))
    assert (found.since, found.until, found.head) == (at(1), at(2), None)


@pytest.mark.parametrize("most", [1, 3])
def test_of_many_the_latest_are_told_and_how_many_there_were(store: Store, most: int) -> None:
    for number in range(1, 6):
        keep(store, 10 * number, waiting(10 * number, 10 * number - 0.5))
    found = incidents(store, TARGET, at(0), at(60), most=most)
    assert found.total == 5
    assert [it.until for it in found.incidents] == [at(10 * number) for number in range(5, 5 - most, -1)]
