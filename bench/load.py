"""Servers for the bench: a throwaway PostgreSQL, the reference load on it, the role that watches."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import IO

from bench.child import child
from pgvigil.model import PgvigilError
from pgvigil.sandbox.reference_load import Shape
from pgvigil.sandbox.roles import MONITOR, make_monitor
from pgvigil.sandbox.schema import install
from pgvigil.sandbox.server import Server

SETTINGS = {"pg_stat_statements.max": "10000"}
"""Room for the 4,900 statements of load R and the bench's own, so that none is evicted."""


class BenchError(PgvigilError):
    """Something could not be measured; the text says why."""


@contextmanager
def watched_server(major: int = 18, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A server with the sandbox's schema and a monitoring role, whose password is in `passwords`."""
    with Server.running(major, {**SETTINGS, **(settings or {})}) as server:
        asyncio.run(install(server.dsn()))
        server.passwords[MONITOR] = asyncio.run(make_monitor(server.dsn()))
        yield server


@dataclass(frozen=True, slots=True)
class Orders:
    """What can be asked of the process that plays the load."""

    pipe: IO[str]

    def call_all(self) -> None:
        """Call every statement once more; returns at once."""
        self.pipe.write("all\n")
        self.pipe.flush()


@contextmanager
def load_on(server: Server, seed: int, shape: Shape | None = None) -> Iterator[Orders]:
    """The reference load, played by another process until the context ends."""
    order = {"dsn": server.dsn(), "seed": seed, "shape": asdict(shape or Shape())}
    with child("bench.drive") as (process, orders, told):
        orders.write(json.dumps(order) + "\n")
        orders.flush()
        if told.readline().strip() != "load on":
            raise BenchError("the reference load did not start")
        yield Orders(orders)
        if process.poll() is not None:
            raise BenchError(f"the reference load ended early, with {process.returncode}")
