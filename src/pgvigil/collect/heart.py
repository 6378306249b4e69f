"""The heartbeat: one cheap question for the server's clock and for what would make the probes fail."""

from collections import deque
from dataclasses import dataclass, replace

from pgvigil.collect.asking import load
from pgvigil.collect.clock import Clocks, ServerClock
from pgvigil.pg import Failure, FailureKind, Reply, Request, Session

_DEADLINE = 2.0
_PATIENCE = 300.0
_ROUND_TRIPS = 16


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a heartbeat told: the server's time (microseconds), ours (`steady`, seconds) when it was asked, when the
    server that answered was started, the catalog that is locked or None, whether we see what other roles do, and the
    settings that decide what is logged."""

    ts: int
    steady: float
    started_at: int
    locked: str | None
    sees_all: bool
    logging: str


class Heart:
    """Asks for a pulse, and knows from the answers how long a round trip takes.

    `faint` says that the latest one took too long, which is a line in the server's log. Then one waits for the server
    instead of asking again: it is answered as soon as there is room, and writes no line for five minutes.
    """

    def __init__(self, clocks: Clocks, clock: ServerClock) -> None:
        self.request = Request("heartbeat", load("heartbeat"), (), 500)
        self.faint = False
        self._clocks = clocks
        self._clock = clock
        self._trips: deque[float] = deque(maxlen=_ROUND_TRIPS)

    @property
    def round_trip_ms(self) -> float:
        """The shortest of the latest round trips."""
        return min(self._trips, default=0.0)

    async def beat(self, session: Session) -> Pulse | Failure:
        """One heartbeat in a round trip of its own."""
        sent = self._clocks.steady()
        request, deadline = self.request, _DEADLINE
        if self.faint:
            request, deadline = replace(request, deadline_ms=int(1_000 * _PATIENCE)), _PATIENCE + _DEADLINE
        (reply,) = await session.run([request], deadline=deadline)
        return self.read(reply, sent)

    def read(self, reply: Reply, sent: float) -> Pulse | Failure:
        """What a reply to `request` tells, which was sent at that steady time."""
        if isinstance(reply, Failure):
            self.faint = self.faint or reply.kind is FailureKind.DEADLINE
            return reply
        self.faint = False
        server_now, started_at, sees_all, logging, locked = reply.rows[0]
        self._trips.append(reply.elapsed_ms)
        ts = server_now if isinstance(server_now, int) else self._clocks.wall()
        self._clock.set(ts, sent, self._clocks.steady())
        started = started_at if isinstance(started_at, int) else 0
        return Pulse(ts, sent, started, None if locked is None else str(locked), bool(sees_all), str(logging))
