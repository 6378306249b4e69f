"""One connection of the workload: made when needed, made again with back-off after it broke, everything counted."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

import psycopg
from psycopg.rows import TupleRow

from pgvigil.sandbox.schema import login

BACKOFF_S = (0.2, 5.0)
"""First and longest pause before connecting again, seconds; doubled each time, with up to a half of it as jitter."""

CONNECT_TIMEOUT_S = 5

END_WITHIN_S = 3.0
"""How long sessions may take to end in good order; then their sockets are closed."""

Values = Mapping[str, object]

_NONE: Values = {}


def tags(**values: str) -> str:
    """A comment in the manner of sqlcommenter: keys sorted, values URL-encoded; `%` doubled for the driver."""
    pairs = ",".join(f"{key}='{quote(value, safe='')}'" for key, value in sorted(values.items()))
    return f"/*{pairs.replace('%', '%%')}*/"


@dataclass(slots=True)
class Tally:
    """What the workload has done so far."""

    statements: int = 0
    reconnects: int = 0
    late: int = 0
    done: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)


class Closable(Protocol):
    """A connection, or what owns one."""

    async def close(self) -> None:
        """Close the socket without waiting for the server."""


async def end_all(tasks: Sequence[asyncio.Task[None]], connections: Sequence[Closable]) -> list[BaseException | None]:
    """Cancel the tasks and their queries, and close the connections; after END_WITHIN_S even if the server hangs."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=END_WITHIN_S)
    for connection in connections:
        await connection.close()
    # A task that still waited for a hung server ends now that its socket is gone.
    for task in tasks:
        task.cancel()
    return await asyncio.gather(*tasks, return_exceptions=True)


class Session:
    """A connection under one of the application's roles and names; use by one task at a time."""

    def __init__(
        self, dsn: str, role: str, name: str, tally: Tally, *, assume: str = "", prepared: bool = False
    ) -> None:
        options = {"options": f"-c role={assume}"} if assume else {}
        self._dsn = login(dsn, role, application_name=name, connect_timeout=CONNECT_TIMEOUT_S, **options)
        self._prepare_threshold = 5 if prepared else None
        self._tally = tally
        self._conn: psycopg.AsyncConnection | None = None
        self._pause = 0.0
        self._made = 0

    async def run(self, text: str, values: Values = _NONE, comment: str = "") -> list[TupleRow]:
        """Execute in a transaction of its own; the rows, none for a statement that returns none."""
        return await self._execute(await self._connection(), text, values, comment)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Session"]:
        """What runs inside is one transaction."""
        conn = await self._connection()
        async with conn.transaction():
            yield self

    async def close(self) -> None:
        """End the session; the server rolls back what was open."""
        conn, self._conn = self._conn, None
        if conn is not None:
            await conn.close()

    async def _execute(self, conn: psycopg.AsyncConnection, text: str, values: Values, comment: str) -> list[TupleRow]:
        cursor = await conn.execute(f"{text}\n{comment}".encode() if comment else text.encode(), values)
        self._tally.statements += 1
        return await cursor.fetchall() if cursor.description else []

    async def _connection(self) -> psycopg.AsyncConnection:
        if self._conn is not None and not self._conn.closed:
            return self._conn
        await asyncio.sleep(self._pause)
        self._pause = min(BACKOFF_S[1], max(BACKOFF_S[0], self._pause * 2)) * random.uniform(1, 1.5)
        self._conn = await psycopg.AsyncConnection.connect(
            self._dsn, autocommit=True, prepare_threshold=self._prepare_threshold
        )
        self._tally.reconnects += self._made > 0
        self._made += 1
        self._pause = 0.0
        return self._conn
