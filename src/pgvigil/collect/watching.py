"""The sampler's loop: once a second, never two at a time, never one after the other to catch up."""

import asyncio

from pgvigil.collect.binding import words_of
from pgvigil.collect.edges import Edges
from pgvigil.collect.heart import Pulse
from pgvigil.collect.line import Line
from pgvigil.collect.post import Post
from pgvigil.collect.reporting import Problem
from pgvigil.collect.sampler import DEADLINE, Sampler
from pgvigil.collect.series import Moment
from pgvigil.collect.tools import Tools
from pgvigil.model import Capabilities, Condition
from pgvigil.pg import Failure, FailureKind, Reply, Session

_BEAT_EVERY = 3.0
_BEAT_RARELY = 12.0
"""Seconds between heartbeats while a lock is in the way: each is a line in the server's log."""

_FIRST_MOVE = 60.0
_LONGEST_MOVE = 3600.0
"""Seconds between two moves to where new connections are led."""

_SILENT = frozenset({FailureKind.GONE, FailureKind.DEADLINE})


class Moves:
    """How often a connection is given up to follow where new ones are led: at once, then ever more seldom, for they may
    be led to several servers by turns."""

    def __init__(self) -> None:
        self._wait = 0.0
        self._at = float("-inf")

    def may(self, steady: float) -> bool:
        """Whether this is the time to; the answer yes counts as done."""
        if steady < self._at:
            return False
        calm = steady > self._at + _LONGEST_MOVE
        self._wait = _FIRST_MOVE if calm else min(_LONGEST_MOVE, 2 * self._wait)
        self._at = steady + self._wait
        return True


class SamplerLoop:
    """Keeps the sampler's time. `every` in seconds."""

    def __init__(self, tools: Tools, sampler: Sampler, edges: Edges, line: Line, post: Post, every: float) -> None:
        self._station = tools.station
        self._sampler = sampler
        self._edges = edges
        self._line = line
        self._post = post
        self._delivery: asyncio.Task[bool] | None = None
        self._heart = tools.heart
        self._governor = tools.governor
        self._reporter = tools.reporter
        self._clocks = tools.clocks
        self._clock = tools.clock
        self._phase = tools.phase
        self._every = every
        self._beat_at = float("-inf")
        self._beat_every = _BEAT_EVERY
        self._locked = False
        self._generation = 0
        self._started_at: int | None = None
        self._parted = 0
        self._moves = Moves()

    async def run(self) -> None:
        """Look, again and again, until cancelled."""
        await self._sampler.ready()
        while True:
            session = await self._line.session()
            await self._tick()
            session.listen()
            if session.broken:
                continue  # it ended while nobody asked: told only where no other can be made
            self._sampler.choose()
            self._edges.choose()
            await self._look(session)

    def end(self) -> None:
        """Hand over nothing more in the background; what was under way is given again by whoever ends the shift."""
        if self._delivery is not None:
            self._delivery.cancel()

    async def _tick(self) -> None:
        every = self._every * self._governor.factor(self._sampler.name)
        now = self._clocks.steady() - self._phase
        await asyncio.sleep(every - now % every)

    async def _look(self, session: Session) -> None:
        steady = self._clocks.steady()
        # On a new connection nobody knows yet who answers. While the passes wait for one that is late, that is enough.
        due = steady - self._beat_at >= self._beat_every and not self._heart.faint
        beats = due or self._generation != self._line.generation
        requests = [*([self._heart.request] if beats else []), *self._sampler.requests(steady)]
        if not requests:
            return
        ts = self._clock.now()
        replies = await session.run(requests, deadline=DEADLINE)
        if beats:
            self._beat_at = steady
            pulse = self._beat(replies[0], steady)
            ts = ts if pulse is None else pulse.ts
            replies = replies[1:]
            self._meet(pulse, steady)
        if self._is_elsewhere():
            self._sampler.leave_out(ts)
            self._deliver()
            return
        if replies or not self._sampler.resting(steady):
            self._report(replies, session)
        moment = Moment(ts, self._clock.now(), steady)
        # The first reply of a run waits for the round trip; after a heartbeat none does.
        self._sampler.take(replies, moment, 0.0 if beats else self._heart.round_trip_ms)
        await self._follow(session, moment)
        self._deliver()

    async def _follow(self, session: Session, moment: Moment) -> None:
        """Ask who waits behind whom where this look saw somebody wait. Not while a catalog is locked: what was not
        asked on this connection before is looked up there."""
        requests = [] if session.broken or self._locked else self._edges.requests(moment.steady)
        replies = await session.run(requests, deadline=DEADLINE) if requests else ()
        self._edges.take(replies, moment, self._heart.round_trip_ms)
        self._sampler.glances.tell(self._edges.blockers)

    def _is_elsewhere(self) -> bool:
        """Whether another server answers here than the passes ask, or it was started anew since they looked."""
        return self._started_at is not None and not self._station.is_ours(self._started_at)

    def _meet(self, pulse: Pulse | None, steady: float) -> None:
        """Compare who answers with whom the passes ask. A restart is settled when they have looked again; what lasts is
        that new connections are led elsewhere, so both are made anew."""
        if self._generation != self._line.generation:
            self._generation, self._started_at = self._line.generation, None
        if pulse is not None:
            self._started_at = pulse.started_at
        self._parted = self._parted + 1 if self._is_elsewhere() else 0
        if self._parted > 1:
            self._station.elsewhere = True
            self._reporter.trouble("sessions", parted("The sessions cannot be looked at"))
            if self._moves.may(steady):
                self._line.close()

    def _deliver(self) -> None:
        """Hand over in the background: the next look does not wait for the store."""
        if self._post.pending and (self._delivery is None or self._delivery.done()):
            self._delivery = asyncio.create_task(self._post.deliver())

    def _beat(self, reply: Reply, sent: float) -> Pulse | None:
        pulse = self._heart.read(reply, sent)
        met = isinstance(pulse, Failure) and pulse.kind is FailureKind.LOCK
        self._beat_every = min(_BEAT_RARELY, 2 * self._beat_every) if met else _BEAT_EVERY
        if isinstance(pulse, Failure):
            self._locked = self._locked or met
            if pulse.kind not in _SILENT:
                self._reporter.trouble("catalog", failing(pulse))
            return None
        self._locked = pulse.locked is not None
        if pulse.locked is not None:
            self._reporter.trouble("catalog", locked(pulse.locked))
        else:
            self._reporter.well("catalog")
        return pulse

    def _report(self, replies: tuple[Reply, ...], session: Session) -> None:
        failed = next((reply for reply in replies if isinstance(reply, Failure)), None)
        if failed is None:
            self._reporter.well("sessions", watching=True)
        elif session.broken or failed.kind in _SILENT:
            self._reporter.trouble("sessions", silent(failed))
        else:
            self._reporter.trouble("sessions", failing(failed))


def silent(failure: Failure) -> Problem:
    """The server, or the way to it, has stopped answering."""
    if failure.kind is FailureKind.GONE:
        return Problem(Condition.UNREACHABLE, "The server ended the connection.", "pgvigil connects again by itself.")
    return Problem(
        Condition.UNREACHABLE,
        f"The server did not answer within {DEADLINE:g} s.",
        "Check its load and the network between; pgvigil goes on asking.",
    )


def parted(what: str) -> Problem:
    """New connections reach another server than those that stay."""
    return Problem(
        Condition.LIMITED,
        f"{what}: new connections reach another server than the one that is watched.",
        "Let the DSN lead to one server: one host, or target_session_attrs beside several. Each of those behind a load "
        "balancer is a target of its own.",
    )


def locked(catalog: str | None) -> Problem:
    """Somebody holds, or waits for, a lock that stops all reading of a catalog; None where we met it before we could
    look which one."""
    what = "A catalog of the system" if catalog is None else f"The catalog {catalog}"
    return Problem(
        Condition.LIMITED,
        f"{what} is locked by somebody, so probes are left out to wait for nobody.",
        "Look in pg_locks for AccessExclusiveLock on it: VACUUM FULL or CLUSTER of a catalog, or an open transaction.",
    )


def failing(failure: Failure) -> Problem:
    """A question that should always have an answer has none."""
    if failure.kind is FailureKind.LOCK:
        # It asks for nothing but catalogs, and for those only in a backend that is new: behind a pooler.
        return locked(None)
    said = "The server answers with an error"
    # Its words may name a role or a table.
    logged = f"{said} ({failure.kind}), told on the page."
    return Problem(Condition.LIMITED, f"{said} ({words_of(failure)}).", logged=logged)


def stranger(old: Capabilities, new: Capabilities) -> Problem | None:
    """Another system, or another major version, answers at an address than before; a promoted standby is no other."""
    one, other = old.identity.system_identifier, new.identity.system_identifier
    if old.major == new.major and (one is None or other is None or one == other):
        return None
    return Problem(
        Condition.LIMITED,
        f"Another server answers at this address: {_named(new)}; before it was {_named(old)}. "
        "Its numbers are kept apart and not compared with those before.",
        "Nothing to do after an upgrade or a restore; else look where the address leads (DNS, proxy, port). "
        "Keep another server as a target of its own.",
    )


def _named(found: Capabilities) -> str:
    number = found.identity.system_identifier
    return f"PostgreSQL {found.version}" + ("" if number is None else f" with the system identifier {number}")
