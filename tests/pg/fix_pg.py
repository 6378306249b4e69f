"""What the tests of `pg` share: targets, sessions that end with the test, and a look at the server's own view."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from psycopg import sql

from fix_servers import MONITOR, Connection
from pgvigil.model import Secret, Target
from pgvigil.pg import Attempts, Failure, Reply, Request, Rows, Session, connect
from pgvigil.sandbox.server import Server

NEIGHBOURS = (
    "select pg_catalog.now() as now, 1::int8 as one",
    "select a.pid, a.state from pg_catalog.pg_stat_activity as a",
    "select s.name, s.setting from pg_catalog.pg_settings as s where s.name like 'log%'",
    "select d.datname, d.numbackends from pg_catalog.pg_stat_database as d",
)


def target(dsn: str, **options: Any) -> Target:
    return Target(1, "tested", Secret(dsn), **options)


@asynccontextmanager
async def session_at(
    dsn: str, attempts: Attempts | None = None, database: str | None = None, **options: Any
) -> AsyncIterator[Session]:
    session = await connect(target(dsn, **options), attempts=attempts, timeout=20, database=database)
    try:
        yield session
    finally:
        session.close()


def rows(reply: Reply) -> list[tuple[Any, ...]]:
    assert isinstance(reply, Rows), reply.message
    return list(reply.rows)


def failure(reply: Reply) -> Failure:
    assert isinstance(reply, Failure), reply
    return reply


async def ask(session: Session, query: str, *parameters: Any, deadline_ms: int = 5_000) -> Reply:
    (reply,) = await session.run([Request("asked", query, parameters, deadline_ms)], deadline=30)
    return reply


def neighbours() -> list[Request]:
    return [Request(f"neighbour {number}", query, (), 10_000) for number, query in enumerate(NEIGHBOURS)]


@contextmanager
def locked(connection: Connection, *tables: str) -> Iterator[None]:
    """Hold AccessExclusiveLock on tables in a transaction of this connection."""
    connection.execute("begin")
    for table in tables:
        connection.execute(sql.SQL("lock table {} in access exclusive mode").format(sql.SQL(table)))
    try:
        yield
    finally:
        connection.execute("rollback")


def states(connection: Connection, user: str = MONITOR) -> set[tuple[Any, ...]]:
    """The states of a user's sessions and whether each is in a transaction."""
    query = "select state, xact_start is not null from pg_stat_activity where usename = %s"
    return set(connection.execute(query, (user,)).fetchall())


def backends(server: Server) -> list[str]:
    """The titles of the server's processes that serve a client or begin to: those that wait for a lock in their start
    included, which pg_stat_activity shows on 18 only."""
    processes = [path for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [title for path in processes if (title := _child_title(path, server.pid))]


def _child_title(directory: Path, parent: int) -> str:
    try:
        status = (directory / "stat").read_text()
        title = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    is_child = int(status.rpartition(")")[2].split()[1]) == parent
    return title if is_child and ("127.0.0.1(" in title or "[local]" in title) else ""


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.02)
