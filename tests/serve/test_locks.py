"""The routes of the locks and of the sessions as they are now."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from pgvigil.collect.glances import Glance
from pgvigil.model import Condition, TargetState, Value
from pgvigil.serve import lock_schema as locks
from pgvigil.serve import session_schema as sessions
from pgvigil.serve.watch import Watch
from pgvigil.store import Store, Writer
from serve.filled import BEGIN, NOW, SECOND, SPAN, Client, Known, batch, watcher

Row = Mapping[str, Value]
EDGE: Row = {
    "waiter": 8, "blocker": 7, "root": 7, "how": "held", "dbid": 5, "relid": 9, "locktype": "transactionid",
    "mode": "ShareLock", "transaction": 2**40, "depth": 1, "waited": 3.0, "lost": 1.0, "application": "web",
    "blocker_application": "shop", "blocker_state": "idle in transaction", "blocker_queryid": 2, "queryid": 3,
    "blocker_xact_age": 9.0, "blocker_state_age": 8.0, "wait_began": (BEGIN + 17) * SECOND,
    "seen": (BEGIN + 20) * SECOND,
}  # fmt: skip


@pytest.fixture(scope="module")
def blocked(store: Store) -> None:
    tables: list[Row] = [{"dbid": 5, "relid": 9, "schema": "public", "name": "orders"}]
    store.append([batch("tables", tables, number=2)])
    store.append([batch("locks", [EDGE], number=2), batch("sessions", [], number=2, samples=10)])


@pytest.mark.usefixtures("blocked")
async def test_the_tree_of_a_moment_is_told_with_names_and_texts(client: Client) -> None:
    found = locks.Locks.model_validate(await client.get("locks", at=BEGIN + 20))
    assert (found.at, found.seconds, found.known, found.every, found.waiting) == (BEGIN + 20, 0, True, 1.0, 1)
    root, waiter = found.nodes
    assert (root.who.pid, root.who.application, root.who.state, root.who.text, root.behind) == (
        7, "shop", "idle in transaction", "SELECT 2", 1,
    )  # fmt: skip
    assert (root.wait, root.who.xact_age, root.depth) == (None, 9.0, 0)
    assert waiter.wait == locks.LockWait(
        mode="ShareLock", locktype="transactionid", table="public.orders", relid="9", transaction=str(2**40),
        database=None, waited=3.0, queued=False,
    )  # fmt: skip
    assert (waiter.depth, waiter.who.application, waiter.who.state) == (1, "web", None)


@pytest.mark.usefixtures("blocked")
async def test_without_a_moment_it_is_the_present_and_of_it_nothing_is_known_here(client: Client) -> None:
    found = locks.Locks.model_validate(await client.get("locks"))
    assert (found.asked, found.at, found.known, found.nodes) == (NOW, None, False, ())


@pytest.mark.usefixtures("blocked")
async def test_incidents_name_their_head_and_what_it_delayed(client: Client) -> None:
    found = locks.LockIncidents.model_validate(await client.get("locks/incidents", **SPAN))
    ((incident,), total) = found.incidents, found.total
    assert total == 1
    assert (incident.since, incident.until, incident.lost, incident.sessions) == (BEGIN + 17, BEGIN + 20, 1.0, 1)
    assert incident.head is not None
    assert (incident.head.pid, incident.head.text, incident.text, incident.table) == (
        7, "SELECT 2", "SELECT 3", "public.orders",
    )  # fmt: skip


NAMES = (
    "pid", "leader", "dbid", "userid", "application", "client", "backend_type", "state", "wait_event_type",
    "wait_event", "queryid", "text", "age", "xact_age", "state_age", "sessions",
)  # fmt: skip
ROW: tuple[Any, ...] = (
    8, None, 5, 99, "web", "10.0.0.1", "client backend", "active", "Lock", "tuple", 3, "select $1", 9.0, 3.0, 2.0, 700,
)  # fmt: skip
OURS: tuple[Any, ...] = (
    9, None, 5, 10, "pgvigil", None, "client backend", "active", None, None, None, "select", 9.0, None, 2.0, 700,
)  # fmt: skip
GLANCE = Glance(int(NOW) * SECOND, 1, NAMES, [ROW, OURS], {8: (7, 0)})


class Glancing(Known):
    """A collector that sees this, or waits in vain."""

    seen: Glance | None = GLANCE

    async def glance(self) -> Glance:
        if self.seen is None:
            raise TimeoutError
        return self.seen


class Failing(Glancing):
    seen = replace(GLANCE, failure="other: no memory left")


class Silent(Glancing):
    seen = None

    @property
    def state(self) -> TargetState:
        return TargetState(Condition.UNREACHABLE, BEGIN * SECOND, "The server is gone.", "Look for it.")


def asked(watch: Watch, keeper: Writer, kind: type[Glancing]) -> Client:
    return Client(replace(watch, watchers={"t": watcher(kind, keeper)}))


async def test_sessions_are_told_with_names_as_far_as_they_are_known(
    watch: Watch, keeper: Writer, store: Store
) -> None:
    store.append([batch("databases", [{"dbid": 5, "name": "shop"}], number=3)])
    found = sessions.LiveSessions.model_validate(await asked(watch, keeper, Glancing).get("sessions"))
    one, ours = found.sessions
    assert (found.at, found.total, found.not_visible) == (NOW, 700, None)
    assert (one.database, one.role, one.wait, one.wait_class, one.blocked_by, one.queryid) == (
        "shop", "99", "Lock:tuple", "lock", (7, 0), "3",
    )  # fmt: skip
    assert (one.state_age, one.xact_age, one.age, one.ours) == (2.0, 3.0, 9.0, False)
    assert (ours.wait, ours.wait_class, ours.ours, ours.blocked_by) == (None, "cpu", True, ())


@pytest.mark.parametrize(
    ("kind", "message", "remedy"),
    [
        (Failing, "The sessions could not be looked at: other: no memory left.", None),
        (Silent, "The server is gone.", "Look for it."),
    ],
)
async def test_a_server_that_does_not_answer_is_told_as_such(
    watch: Watch, keeper: Writer, kind: type[Glancing], message: str, remedy: str | None
) -> None:
    answer = await asked(watch, keeper, kind).ask("/api/v1/targets/t/sessions")
    assert answer.status_code == 503
    problem = answer.json()
    assert (problem["error"], problem["message"], problem["remedy"]) == ("busy", message, remedy)
