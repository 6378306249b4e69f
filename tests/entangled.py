"""Sessions that wait for each other's locks, in shapes of which it is known who waits behind whom.

Every session bears its shape and its part as application_name: `chain:1` holds what `chain:2` waits for.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import psycopg
from psycopg import sql

from fix_servers import Connection, connect
from pgvigil.sandbox.server import Server

Tree = Mapping[str, "Tree"]
"""By name those right behind it."""

STAR = 50
SETTINGS = {"max_prepared_transactions": "2", "max_connections": "120", "deadlock_timeout": "10s"}
"""The server's own look for deadlocks is later than a test has to wait."""

PREPARED = "prepared transaction"
EXPECTED: Mapping[str, Tree] = {
    "chain": {"chain:1": {"chain:2": {"chain:3": {"chain:4": {"chain:5": {}}}}}},
    "star": {"star:hub": {f"star:{number}": {} for number in range(1, STAR + 1)}},
    "soft": {"soft:reader": {"soft:changer": {"soft:next reader": {}}}},
    "prepared": {PREPARED: {"prepared:waiter": {}}},
    "advisory": {"advisory:holder": {"advisory:waiter": {}}},
    "idle": {"idle:root": {"idle:waiter": {}}},
}
"""What the tree of each shape has to be."""

WAITERS = 4 + STAR + 2 + 1 + 1 + 1

_TABLES = """
    create table chain as select i as id, 0 as n from generate_series(1, 5) i;
    create table star (id int);
    create table soft (id int);
    create table prepared as select 1 as id, 0 as n;
    create table idle as select 1 as id, 0 as n;
"""


class Scene:
    """Makes sessions that hold or wait; all of them end with the context."""

    def __init__(self, server: Server, dbname: str, stack: ExitStack) -> None:
        self._server = server
        self._dbname = dbname
        self._stack = stack
        self._threads: list[threading.Thread] = []
        self.owner: Connection = stack.enter_context(connect(server, dbname))

    def session(self, name: str) -> psycopg.Connection[Any]:
        """One in a transaction of its own, once it does something."""
        made = self._stack.enter_context(closing(connect(self._server, self._dbname, application_name=name)))
        made.autocommit = False
        return made

    def holds(self, name: str, *statements: str) -> psycopg.Connection[Any]:
        """A session that has done these, and has not ended its transaction."""
        made = self.session(name)
        for statement in statements:
            made.execute(statement.encode())
        return made

    def waits(self, name: str, statement: str, *before: str) -> None:
        """A session that waits in this statement, having done those before it."""
        made = self.holds(name, *before)
        thread = threading.Thread(target=_run, args=(made, statement))
        self._threads.append(thread)
        thread.start()
        self._until(
            f"{name} waits",
            "select 1 from pg_stat_activity where application_name = %s and wait_event_type = 'Lock'",
            name,
        )

    def close_circle(self, session: psycopg.Connection[Any], statement: str) -> None:
        """Run what makes a circle of it; the server ends one of them."""
        _run(session, statement)

    def end(self) -> None:
        """Send everybody away, and roll back what is prepared."""
        self.owner.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where pid <> pg_backend_pid() and application_name like '%:%'"
        )
        for thread in self._threads:
            thread.join(30)
        for (gid,) in self.owner.execute("select gid from pg_prepared_xacts").fetchall():
            self.owner.execute(sql.SQL("rollback prepared {}").format(sql.Literal(gid)))

    def _until(self, what: str, query: str, *parameters: str) -> None:
        deadline = time.monotonic() + 30
        while not self.owner.execute(query.encode(), parameters).fetchall():
            assert time.monotonic() < deadline, f"not yet: {what}"
            time.sleep(0.02)


def _run(session: psycopg.Connection[Any], statement: str) -> None:
    try:
        session.execute(statement.encode())
        session.commit()
    except psycopg.Error:
        session.close()


@contextmanager
def scene(server: Server, dbname: str = "postgres") -> Iterator[Scene]:
    """An empty one."""
    with ExitStack() as stack:
        made = Scene(server, dbname, stack)
        try:
            yield made
        finally:
            made.end()


def all_shapes(made: Scene) -> None:
    """All six at once."""
    made.owner.execute(_TABLES.encode())
    update = "update {} set n = n + 1 where id = {}"
    made.holds("chain:1", update.format("chain", 1))
    for number in range(2, 6):
        made.waits(f"chain:{number}", update.format("chain", number - 1), update.format("chain", number))
    made.holds("star:hub", "lock table star in exclusive mode")
    for number in range(1, STAR + 1):
        made.waits(f"star:{number}", "insert into star values (1)")
    made.holds("soft:reader", "select * from soft")
    made.waits("soft:changer", "alter table soft add column more int")
    made.waits("soft:next reader", "select count(*) from soft")
    made.holds("prepared:first half", update.format("prepared", 1), "prepare transaction 'half'")
    made.waits("prepared:waiter", update.format("prepared", 1))
    holder = made.session("advisory:holder")
    holder.autocommit = True
    holder.execute("select pg_advisory_lock(7, 8)")
    made.waits("advisory:waiter", "select pg_advisory_lock(7, 8)")
    made.holds("idle:root", update.format("idle", 1))
    made.waits("idle:waiter", update.format("idle", 1))
