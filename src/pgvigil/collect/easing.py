"""Notices that a lock is gone for which probes rest, so that they need not rest to the end."""

from pgvigil.collect.asking import load
from pgvigil.collect.tools import Tools
from pgvigil.pg import Request, Rows, Session

_EVERY = 5.0
_DEADLINE = 2.0


class Easing:
    """Looks every few seconds, and only while something rests that came to a lock."""

    def __init__(self, tools: Tools) -> None:
        self._memory = tools.station.memory
        self._clocks = tools.clocks
        self._request = Request("locks", load("locks"), (), 500)
        self._at = float("-inf")

    async def look(self, session: Session) -> None:
        """Let rest end what waits for locks, where there are none."""
        steady = self._clocks.steady()
        if steady < self._at or not self._memory.waits_for_locks(steady):
            return
        self._at = steady + _EVERY
        (reply,) = await session.run([self._request], deadline=_DEADLINE)
        if isinstance(reply, Rows) and not reply.rows[0][0]:
            self._memory.free()
