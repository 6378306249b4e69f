"""A connection that is made again when it breaks, with a back-off that all connections of a target share."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from pgvigil.collect.reporting import Problem, Reporter
from pgvigil.pg import ConnectError, Session

FIRST_WAIT = 1.0
LONGEST_WAIT = 9.0
JITTER = 0.3
"""Seconds, and the share by which a wait is longer: decision 0005 says why no wait is longer than that."""

Connect = Callable[[str | None, Callable[[ConnectError], None]], Awaitable[Session]]
"""Opens a session with a database, and tells what it waits for where that takes long."""


class Door:
    """The way to a target: one attempt at a time, and after a failed one a wait that grows, with jitter."""

    def __init__(self, connect: Connect, reporter: Reporter) -> None:
        self._connect = connect
        self._reporter = reporter
        self._turn = asyncio.Lock()
        self._wait = 0.0

    async def open(self, database: str | None = None) -> Session:
        """A session, however long it takes; what is in the way is reported."""
        async with self._turn:
            while True:
                try:
                    return await self.attempt(database)
                except ConnectError as error:
                    self._report(error)
                    self._wait = min(LONGEST_WAIT / (1 + JITTER), 2 * self._wait or FIRST_WAIT)
                    await asyncio.sleep(self._wait * random.uniform(1.0, 1 + JITTER))

    async def attempt(self, database: str | None = None) -> Session:
        """One attempt; raises ConnectError."""
        session = await self._connect(database, self._report)
        self._reporter.well("connection")
        self._wait = 0.0
        return session

    def _report(self, error: ConnectError) -> None:
        self._reporter.trouble("connection", Problem.of(error))


class Line:
    """One connection of a target. `generation` grows with each time it was made."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._session: Session | None = None
        self.generation = 0

    async def session(self) -> Session:
        """The session, made anew where the one before broke."""
        if self._session is not None:
            self._session.listen()
        if self._session is None or self._session.broken:
            self.close()
            self._session = await self._door.open()
            self.generation += 1
        return self._session

    def close(self) -> None:
        """End the connection."""
        if self._session is not None:
            self._session.close()
            self._session = None
