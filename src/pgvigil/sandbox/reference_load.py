"""The reference load of the measurements: hundreds of tables, thousands of distinct statements, few of them busy.

`prepare` makes the tables and runs every statement once; `ReferenceLoad` then keeps calling them with a Zipf skew so
that a wanted number of them changes in any ten seconds. Run beside a Workload, whose connections and statements are
part of the totals.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations, product
from typing import Self

import psycopg
from psycopg import sql

from pgvigil.sandbox.schema import SandboxError, login, require
from pgvigil.sandbox.sessions import end_all
from pgvigil.sandbox.statements import named, script
from pgvigil.sandbox.workload import LANES

ROLE = "meshhook_api"
COLUMNS = ("record_id", "customer_reference", "amount_cents", "status_code", "created_at", "payload_digest")
TEMPLATES = ("lookup", "summary", "touch")
ZIPF = 1.2

WORKLOAD_STATEMENTS = 100
"""Entries of pg_stat_statements left to the workload that runs beside this."""

WORKLOAD_CHANGES = 70
"""Of those, how many change in ten seconds at the default rates."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Totals to reach, the sandbox's own tables, sessions and statements included."""

    tables: int = 200
    indexes: int = 400
    statements: int = 4_900
    changing: int = 300
    """Statements that change in ten seconds."""
    sessions: int = 60


async def prepare(dsn: str, shape: Shape) -> None:
    """Make the tables, forget what pg_stat_statements knows, and run each statement once; the DSN is a superuser's.

    SandboxError if the database is not a sandbox's or has too few tables for so many statements.
    """
    await require(dsn)
    texts = named("reference/statements.sql")
    async with await _connect(dsn) as conn:
        await conn.execute(script("reference/tables.sql").encode())
        await conn.execute(texts["fill"].encode(), {"tables": shape.tables, "indexes": shape.indexes})
        await conn.execute(b"analyze")
        cursor = await conn.execute(texts["extension_schema"].encode())
        if row := await cursor.fetchone():
            schema = sql.Identifier(row[0]).as_string(conn)
            await conn.execute(texts["reset"].replace("{schema}", schema).encode())
    async with await _connect(login(dsn, ROLE)) as conn:
        for statement in await statements(conn, shape):
            await conn.execute(statement, {"record": 1})


async def statements(conn: psycopg.AsyncConnection, shape: Shape) -> Sequence[bytes]:
    """The distinct statements of this shape, in an order of their own that is the same every time."""
    texts = named("reference/statements.sql")
    cursor = await conn.execute(texts["tables"].encode())
    tables = [row[0] for row in await cursor.fetchall()]
    wanted = max(0, shape.statements - WORKLOAD_STATEMENTS)
    lists = [columns for size in range(1, 5) for columns in combinations(COLUMNS, size)]
    choices = list(product(TEMPLATES, lists, tables))
    if wanted > len(choices):
        raise SandboxError(f"statements is {shape.statements}; {len(tables)} filler tables allow {len(choices)}")
    chosen = random.Random(4_900).sample(choices, wanted)
    return [_compose(texts[template], columns, table) for template, columns, table in chosen]


def calls_per_s(statements_count: int, changing: int) -> float:
    """Calls per second of a Zipf-skewed choice for so many distinct ones to be called in ten seconds.

    The expected number of distinct ones among n independent draws is the sum of 1 - (1 - p)^n; solved by halving.
    """
    chances = zipf(statements_count)
    low, high = 0.0, 1e7
    for _ in range(60):
        middle = (low + high) / 2
        if sum(1 - (1 - p) ** middle for p in chances) < changing:
            low = middle
        else:
            high = middle
    return high / 10


def zipf(count: int) -> list[float]:
    """The chance of each place: 1/n^ZIPF, normed."""
    weights = [1 / place**ZIPF for place in range(1, count + 1)]
    total = sum(weights)
    return [weight / total for weight in weights]


class ReferenceLoad:
    """Calls the prepared statements from its share of the sessions, until stopped; an async context manager."""

    def __init__(self, dsn: str, shape: Shape | None = None, seed: int = 1) -> None:
        self._dsn = login(dsn, ROLE, application_name="meshhook-batch")
        self._shape = shape or Shape()
        self._rng = random.Random(seed)
        self._conns: list[psycopg.AsyncConnection] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.calls = 0
        """Statements called so far."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Open the sessions and begin."""
        sessions = max(1, self._shape.sessions - sum(LANES.values()))
        self._conns = [await _connect(self._dsn) for _ in range(sessions)]
        texts = await statements(self._conns[0], self._shape)
        changing = max(1, self._shape.changing - WORKLOAD_CHANGES)
        rate = calls_per_s(len(texts), changing) / sessions
        weights = list(accumulate(zipf(len(texts))))
        for conn in self._conns:
            self._tasks.append(asyncio.create_task(self._call(conn, texts, weights, rate)))

    async def stop(self) -> None:
        """End every session; raises the error that ended one of them before, if any did."""
        tasks, self._tasks = self._tasks, []
        conns, self._conns = self._conns, []
        for result in await end_all(tasks, conns):
            if isinstance(result, Exception):
                raise result

    async def _call(
        self, conn: psycopg.AsyncConnection, texts: Sequence[bytes], weights: Sequence[float], rate: float
    ) -> None:
        while True:
            await asyncio.sleep(self._rng.expovariate(rate))
            (text,) = self._rng.choices(texts, cum_weights=weights)
            await conn.execute(text, {"record": self._rng.randint(1, 50)})
            self.calls += 1


async def _connect(dsn: str) -> psycopg.AsyncConnection:
    return await psycopg.AsyncConnection.connect(dsn, autocommit=True, prepare_threshold=None)


def _compose(template: str, columns: Sequence[str], table: str) -> bytes:
    # Plain words from the lists above and names that `fill` made: nothing here can need quoting.
    return template.replace("{columns}", ", ".join(columns)).replace("{table}", table).encode()
