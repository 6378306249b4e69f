"""A sandbox database: schema, roles and a small seed, on the shared server."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from fix_servers import Database, drop_database, new_database
from pgvigil.sandbox.schema import install
from pgvigil.sandbox.server import Server

SCALE = 0.05


async def until(what: str, look: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until `look` says yes; fail with `what` and what was seen last if it never does."""
    clock = asyncio.get_running_loop().time
    give_up = clock() + seconds
    while not (seen := await asyncio.to_thread(look)):
        if clock() > give_up:
            pytest.fail(f"not within {seconds:g} s: {what}; last seen {seen!r}")
        await asyncio.sleep(0.1)


@pytest.fixture(scope="session")
def sandbox(server: Server) -> Iterator[Database]:
    """One for all tests of a major: what a test changes it puts back."""
    made = new_database(server)
    asyncio.run(install(made.dsn(), SCALE))
    yield made
    drop_database(made)


@pytest.fixture
def own_sandbox(database: Database) -> Database:
    """A small one that no other test has loaded."""
    asyncio.run(install(database.dsn(), 0.01))
    return database
