"""Appending while files may not grow, in a process of its own: the limit would hit pytest's files as well.

RLIMIT_FSIZE answers a write beyond it with EFBIG where a full disk answers ENOSPC; to the engine both are a write that
failed.
"""

import asyncio
import json
import resource
import sys
from collections.abc import Sequence
from typing import Any

from pgvigil.model import Batch
from pgvigil.store import Store, Writer, open_store
from pgvigil.store.errors import StoreFailedError
from store.toys import KEY, SECOND, START, batch, catalog

ROWS = 2_000
TEXTS = 50


def large(number: int) -> Batch:
    """A pass of about 100 KB."""
    rows = [(10, (number * 7_919 + each) * 104_729**3 % 2**62, 1, each * 1.1) for each in range(ROWS)]
    names = ("userid", "queryid", "calls", "total_exec_time")
    told = [(*row, False) for row in rows]
    return batch("statements", START + number * 10 * SECOND, names, told, number=number, last=rows)


def texts(number: int) -> Batch:
    """Texts, which their probe tells once."""
    rows = [(each, f"select {each}") for each in range(TEXTS)]
    return batch("queries", START + number * 10 * SECOND, ("queryid", "text"), rows, number=number)


async def answered(store: Store, question: str) -> Sequence[tuple[Any, ...]]:
    """The answer, which may have to wait for the file to be opened again."""
    while True:
        try:
            return store.query(question).rows
        except StoreFailedError:
            await asyncio.sleep(0.05)


async def fill(url: str, bound: int, limit: int) -> dict[str, object]:
    """Append while it goes, then thirty passes while it does not, and then it goes again."""
    store = open_store(url, KEY, catalog())
    writer = Writer(store, bound=bound, retry=0.2)
    for number in range(1, 6):
        await writer.append([large(number)])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    for number in range(6, 36):
        await writer.append([large(number), texts(number)] if number == 7 else [large(number)])
    full = writer.state
    meanwhile = (await answered(store, "SELECT count(DISTINCT ts) FROM statements"))[0][0]
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await writer.append([large(36)])
    for _ in range(1_000):
        if not writer.state.held:
            break
        await asyncio.sleep(0.05)
    gone = await answered(store, "SELECT since, until, reason FROM gaps WHERE probe = 'statements'")
    found = {
        "cause": full.cause,
        "held": full.held,
        "dropped": full.dropped,
        "held_bytes": full.held_bytes,
        "meanwhile": meanwhile,
        "cause_after": writer.state.cause,
        "passes": (await answered(store, "SELECT count(*) FROM passes WHERE probe = 'statements'"))[0][0],
        "calls": (await answered(store, "SELECT sum(calls) FROM statements"))[0][0],
        "texts": (await answered(store, "SELECT count(text) FROM queries"))[0][0],
        "gaps": [(since - START, until - START, reason) for since, until, reason in gone],
    }
    await writer.close()
    store.close()
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(fill(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))))
