"""The reference load as a process of its own: it plays until its standard input ends, and so never outlives the bench.

The first line of its input is JSON: `dsn` (a superuser's, of a database that `schema.install` prepared), `seed` and
the fields of a Shape. It prints `load on` once everything is prepared and played. At the line `all` it calls every
statement once more, so that a monitor gets to know their texts within minutes and not within the first hour.
"""

import asyncio
import json
import sys

import psycopg

from pgvigil.sandbox.reference_load import ROLE, ReferenceLoad, Shape, prepare, statements
from pgvigil.sandbox.schema import login
from pgvigil.sandbox.workload import Workload


async def _lines() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def _call_all(dsn: str, shape: Shape) -> None:
    async with await psycopg.AsyncConnection.connect(login(dsn, ROLE), autocommit=True) as conn:
        for statement in await statements(conn, shape):
            await conn.execute(statement, {"record": 1}, prepare=False)


async def _play(dsn: str, seed: int, shape: Shape) -> None:
    await prepare(dsn, shape)
    async with Workload(dsn, seed=seed), ReferenceLoad(dsn, shape, seed):
        sys.stdout.write("load on\n")
        sys.stdout.flush()
        orders = await _lines()
        while order := (await orders.readline()).strip():
            if order == b"all":
                await _call_all(dsn, shape)


def main() -> None:
    """Read what to do, and do it."""
    order = json.loads(sys.stdin.readline())
    asyncio.run(_play(order["dsn"], order["seed"], Shape(**order["shape"])))


if __name__ == "__main__":
    main()
