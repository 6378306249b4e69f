"""Servers for the bench: a throwaway PostgreSQL, the reference load on it, the role that watches."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from pgvigil.model import PgvigilError
from pgvigil.sandbox.environment import clean_environment
from pgvigil.sandbox.reference_load import Shape
from pgvigil.sandbox.roles import MONITOR, make_monitor
from pgvigil.sandbox.schema import install
from pgvigil.sandbox.server import Server

ROOT = Path(__file__).resolve().parent.parent
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
    with subprocess.Popen(
        [sys.executable, "-m", "bench.drive"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=clean_environment(),
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            if process.stdout.readline().strip() != "load on":
                raise BenchError("the reference load did not start")
            yield Orders(process.stdin)
            if process.poll() is not None:
                raise BenchError(f"the reference load ended early, with {process.returncode}")
        finally:
            process.stdin.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
