"""The page and the API over a store that nobody fills, in a process of its own, until its input ends.

python -m bench.served STORE END, with the key in PGVIGIL_STORE_KEY: the first line it prints is the address.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from bench.child import child
from bench.load import BenchError
from bench.standing import standing_app
from pgvigil import catalog
from pgvigil.cli.serving import address, bind, serve_page
from pgvigil.cli.settings import Listen
from pgvigil.model import Secret
from pgvigil.store import open_store


@contextmanager
def served(url: str, key: Secret, end: int) -> Iterator[str]:
    """The address of the page over a store, at the moment `end` of its clock, until the context ends."""
    with child("bench.served", [url, str(end)], {"PGVIGIL_STORE_KEY": key.value}) as (_, _, told):
        address_of_it = told.readline().strip()
        if not address_of_it:
            raise BenchError("the page over the month was not served")
        yield address_of_it


def main() -> None:
    """Serve until the input ends."""
    url, end = sys.argv[1:]
    found = catalog.load()
    store = open_store(url, Secret(os.environ["PGVIGIL_STORE_KEY"]), found)
    bound = bind(Listen("127.0.0.1", 0))
    try:
        sys.stdout.write(f"{address(bound)}\n")
        sys.stdout.flush()
        asyncio.run(_until_told(standing_app(store, found, int(end)), bound))
    finally:
        bound.close()
        store.close()


async def _until_told(app: FastAPI, bound: socket.socket) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, stopping.set)
    await serve_page(app, bound, stopping)


if __name__ == "__main__":
    main()
