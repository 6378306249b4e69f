"""Attempts to connect that were given up, counted until the server is known to have ended them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from psycopg import OperationalError
from psycopg.pq import ConnStatus, PollingStatus
from psycopg.pq.abc import PGconn

from pgvigil.pg.conninfo import Endpoint, Plan, start
from pgvigil.pg.resolving import Resolver
from pgvigil.pg.waiting import Ready, ready

PATIENCE = 75.0
"""Seconds for which an unanswered attempt is kept: authentication_timeout (60 s by default) has ended it by then."""

_UNHEARD = frozenset(
    {ConnStatus.STARTED, ConnStatus.MADE, ConnStatus.SSL_STARTUP, ConnStatus.GSS_STARTUP, ConnStatus.NEEDED}
)


class Attempt:
    """One connection that is being set up; raises OperationalError, as the driver does, when it fails."""

    def __init__(self, planned: Plan, endpoint: Endpoint, address: str, options: str) -> None:
        self.plan = planned
        self.endpoint = endpoint
        self.began = asyncio.get_running_loop().time()
        self.connection = start(planned.conninfo(endpoint, address, options))

    @property
    def may_linger(self) -> bool:
        """Whether the server may have a backend that waits on our behalf, and would go on when we hang up.

        Before the server has said anything there is none: it reads what we sent and finds us gone.
        """
        return self.connection.status not in _UNHEARD and self.connection.status != ConnStatus.BAD

    @property
    def is_connected(self) -> bool:
        """Whether anything accepted the connection."""
        return self.connection.status not in {ConnStatus.STARTED, ConnStatus.NEEDED}

    async def finished(self) -> PGconn:
        """Wait until the connection stands."""
        connection = self.connection
        status = PollingStatus.WRITING if connection.status != ConnStatus.BAD else PollingStatus.FAILED
        while status != PollingStatus.OK:
            if status == PollingStatus.FAILED:
                raise OperationalError(connection.get_error_message())
            await ready(connection.socket, Ready.READ if status == PollingStatus.READING else Ready.WRITE)
            status = PollingStatus(connection.connect_poll())
        return connection

    def close(self) -> None:
        """Hang up."""
        self.connection.finish()


@dataclass(frozen=True, slots=True)
class Step:
    """What whoever has the turn waits for: `late` gives the name in refusals.toml of what it is if it does not come."""

    endpoint: Endpoint
    late: Callable[[], str]


class Attempts:
    """What a target's connects share: one at a time, and at most one that was given up and may linger.

    Hanging up does not end a backend that waits for a lock while it starts. So an attempt that timed out there is kept
    open, and the next connect goes on waiting for it in place of starting another.
    """

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.resolver = Resolver()
        self.step: Step | None = None
        self._held: Attempt | None = None

    @property
    def outstanding(self) -> int:
        """How many attempts were given up and may still hold a connection slot of the server."""
        return 0 if self._held is None else 1

    def give_up(self, attempt: Attempt) -> None:
        """Keep an attempt that may linger, hang up on any other."""
        self.close()
        age = asyncio.get_running_loop().time() - attempt.began
        if attempt.may_linger and age < PATIENCE:
            self._held = attempt
        else:
            attempt.close()

    def take(self) -> Attempt | None:
        """The attempt that was kept, now the caller's."""
        held, self._held = self._held, None
        return held

    def close(self) -> None:
        """Hang up on what was kept."""
        if held := self.take():
            held.close()
