"""Connecting as a guest does: never into the last free places."""

from collections.abc import Callable

from pgvigil.collect.asking import load
from pgvigil.model import Condition, Target
from pgvigil.pg import Attempts, ConnectError, Notice, Request, Rows, Session, connect

LEFT_FREE = 2
"""Connections that others must still be able to open beside ours."""

LATE = 3.0
TIMEOUT = 4.0
"""Seconds after which an attempt without an answer is told of, so that whoever broke it reads why within five, and
after which it is given up."""

_DEADLINE = 2.0


class Dialer:
    """Opens sessions with one target."""

    def __init__(self, target: Target, noticed: Callable[[str], None]) -> None:
        self._target = target
        self._attempts = Attempts()
        self._noticed = noticed
        self._slots = Request("slots", load("slots"), (), 500)

    async def __call__(
        self, database: str | None = None, late: Callable[[ConnectError], None] | None = None
    ) -> Session:
        """A session; raises ConnectError, also where it would take one of the last places. `late` is told what an
        attempt waits for that is still under way."""
        notice = None if late is None else Notice(LATE, late)
        session = await connect(
            self._target, timeout=TIMEOUT, database=database, attempts=self._attempts, notice=notice
        )
        for note in session.notes:
            self._noticed(note)
        try:
            await self._leave_room(session)
        except BaseException:
            session.close()
            raise
        return session

    def close(self) -> None:
        """Hang up on an attempt that was given up."""
        self._attempts.close()

    async def _leave_room(self, session: Session) -> None:
        if session.pooled:
            return  # the pooler has its own limits, and we hold none of the server's connections for long
        (reply,) = await session.run([self._slots], deadline=_DEADLINE)
        if not isinstance(reply, Rows):
            return
        slots, used = reply.rows[0]
        if isinstance(slots, int) and isinstance(used, int) and slots - used < LEFT_FREE:
            raise ConnectError(
                Condition.REFUSED,
                # No count of those taken: the sentence stays the same as long as its cause does.
                f"Fewer than {LEFT_FREE} of {slots} connections are free, and pgvigil leaves the last ones to others.",
                "Close idle connections, use a pooler, or raise max_connections; pgvigil tries again.",
            )
