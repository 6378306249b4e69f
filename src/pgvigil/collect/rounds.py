"""The loop of the passes over the server as a whole: what is due is asked, kept and told; what is late is left out."""

import asyncio
from collections.abc import Mapping

from pgvigil.catalog import invisible
from pgvigil.catalog.types import Scope
from pgvigil.collect.easing import Easing
from pgvigil.collect.heart import Pulse
from pgvigil.collect.line import Line
from pgvigil.collect.passes import Passed, Passes
from pgvigil.collect.post import BUSY, Post
from pgvigil.collect.reporting import Problem
from pgvigil.collect.schedule import Schedule, Turn, holds
from pgvigil.collect.tools import Tools
from pgvigil.collect.watching import Moves, failing, locked, parted, silent, stranger
from pgvigil.model import Capabilities, Condition, KeeperBusyError, Outcome
from pgvigil.pg import ConnectError, Failure, FailureKind, Session, find_capabilities

LOOK_AGAIN = 300.0
"""Seconds after which capabilities are found out anew."""

LOOK_SOON = 10.0
"""The same, while a probe is invisible for a reason that somebody can remove."""

_STRANGE = 300.0
"""Seconds for which the state tells that another server answers than before."""

_BALANCE = 60.0
_LONGEST_SLEEP = 1.0
_RETRY = 5.0
_AFTER_SILENCE = 1.0
_GONE = frozenset({FailureKind.GONE, FailureKind.DEADLINE})


class Rounds:
    """The passes over the server as a whole, on a connection that stays."""

    def __init__(self, tools: Tools, passes: Passes, line: Line, post: Post) -> None:
        self._station = tools.station
        self._passes = passes
        self._line = line
        self._post = post
        self._reporter = tools.reporter
        self._governor = tools.governor
        self._clocks = tools.clocks
        self._clock = tools.clock
        self._heart = tools.heart
        self._easing = Easing(tools)
        self._phase = tools.phase
        self._schedule = Schedule(self._phase)
        self._generation = 0
        self._look_at = float("-inf")
        self._strange_until = float("-inf")
        self._balance_at = self._clocks.steady() + _BALANCE
        self._wake = asyncio.Event()
        self._moves = Moves()
        self._elsewhere = False

    def look_now(self) -> None:
        """Make every probe due at once."""
        self._schedule = Schedule(self._phase)
        self._wake.set()

    async def run(self) -> None:
        """Pass after pass, until cancelled."""
        while True:
            session = await self._line.session()
            if not await self._knows(session):
                await asyncio.sleep(_RETRY)
                continue
            if self._post.pending and not await self._post.deliver():
                await asyncio.sleep(_RETRY)
                continue
            if self._station.elsewhere and self._moved():
                continue
            await self._easing.look(session)
            now = self._clocks.wall() / 1e6
            periods = self.periods()
            turns = self._schedule.due(now, periods)
            if turns:
                await self._pass(session, now, turns)
            else:
                await self._sleep(min(_LONGEST_SLEEP, self._schedule.wait(now, periods)))
            self._balance()

    def _moved(self) -> bool:
        """Find out who answers now: behind a pooler on the connection that we have, else on one that goes where new
        ones are led."""
        self._station.elsewhere = False
        if self._station.known().capabilities.pooled:
            self._look_at = float("-inf")
            return True
        if not self._moves.may(self._clocks.steady()):
            return False
        self._line.close()
        return True

    def periods(self) -> Mapping[str, float]:
        """The seconds between two turns of each probe that may be asked, statements first: what was read with them
        has to be read after them."""
        steady = self._clocks.steady()
        found = {
            name: self._station.period(name) * self._governor.factor(name)
            for name, query in self._station.queries.items()
            if query.probe.every is not None
            and query.probe.scope is Scope.CLUSTER
            and self._station.memory.resting(name, steady) is None
        }
        first = self._station.paired()
        return {name: found[name] for name in (*(each for each in first if each in found), *found)}

    async def _pass(self, session: Session, now: float, turns: list[Turn]) -> None:
        names = self._asked(turns)
        missed = [turn.name for turn in turns if turn.missed > 0]
        if not names:
            self._schedule.take(now, turns)
            return
        late = self._passes.bare(missed, self._clock.now(), Outcome.SKIPPED, "its turn went by") if missed else ()
        schedule = self._schedule  # look_now may put another in its place meanwhile
        passed = await self._passes.run(session, names)
        if passed.failure is not None and (session.broken or passed.failure.kind in _GONE):
            self._reporter.trouble("passes", silent(passed.failure))
            if not session.broken:
                await asyncio.sleep(_AFTER_SILENCE)
            return
        again = passed.elsewhere and not self._elsewhere
        self._elsewhere = passed.elsewhere
        if again:
            self._look_at = float("-inf")
            return  # asked again as soon as it is known who that is
        schedule.take(now, turns)
        for name, cost in passed.costs.items():
            self._governor.record(name, cost)
        self._report(passed)
        await self._post.send(passed.ts, (*late, *passed.batches))

    def _asked(self, turns: list[Turn]) -> list[str]:
        """Those whose condition holds; where statements are asked, what tells of their removal is asked too."""
        signals, queries = self._station.signals, self._station.queries
        names = [turn.name for turn in turns if holds(queries[turn.name].probe.when, signals)]
        paired = self._station.paired()
        if paired and paired[0] in names:
            steady = self._clocks.steady()
            able = [name for name in paired if self._station.memory.resting(name, steady) is None]
            names = [*able, *(name for name in names if name not in able)]
        return names

    def _report(self, passed: Passed) -> None:
        if passed.look_again:
            self._look_at = float("-inf")
        if passed.locked is not None:
            self._reporter.trouble("catalog", locked(passed.locked))
        elif passed.failure is not None:
            self._reporter.trouble("passes", failing(passed.failure))
        elif passed.elsewhere:
            self._reporter.trouble("passes", parted("The server cannot be read as one"))
        else:
            self._reporter.well("passes", watching=True)
        if self._clocks.steady() >= self._strange_until:
            self._reporter.well("identity")
        reasons, probes = self._station.memory.reasons, self._station.catalog.probes
        broken = {name: reasons[name] for name in reasons if name in probes}
        for name in list(broken)[:1]:
            fails = f"The probe {name} fails"
            problem = Problem(Condition.LIMITED, f"{fails} ({broken[name]}).", logged=f"{fails}, told on the page.")
            self._reporter.trouble("probes", problem)
        if not broken:
            self._reporter.well("probes")

    async def _knows(self, session: Session) -> bool:
        """Find out what the server is, where that is not known or may have changed."""
        fresh = self._line.generation != self._generation
        again, self._station.look_again = self._station.look_again, False
        if not fresh and not again and self._clocks.steady() < self._look_at:
            return True
        pulse = await self._pulse(session)
        if isinstance(pulse, Problem):
            if fresh:
                self._reporter.trouble("capabilities", pulse)
                return False
            self._look_at = self._clocks.steady() + _RETRY  # the passes meet it too, and tell of it
            return True
        before = self._station.standing
        try:
            catalog = self._station.catalog
            found = await find_capabilities(session, catalog.relations, catalog.settings, catalog.tables)
            await self._station.arrive(found, self._clock.now(), away=fresh)
        except ConnectError as error:
            self._reporter.trouble("capabilities", Problem.of(error))
            return False
        except KeeperBusyError:
            self._reporter.trouble("store", BUSY)
            return False
        self._passes.limits_chosen(pulse)
        self._generation = self._line.generation
        soon = self._station.may_come_into_sight() or self._station.memory.reasons
        self._look_at = self._clocks.steady() + (LOOK_SOON if soon else LOOK_AGAIN)
        self._reporter.well("capabilities")
        self._tell_of(found)
        if before is not None and (problem := stranger(before.capabilities, found)) is not None:
            self._reporter.trouble("identity", problem)
            self._strange_until = self._clocks.steady() + _STRANGE
        if fresh:
            self._schedule = Schedule(self._phase)
            await self._post.send(self._clock.now(), self._passes.invisible())
        return True

    async def _pulse(self, session: Session) -> Pulse | Problem:
        """A heartbeat, or what would make all the questions about the server fail, found out by this one."""
        pulse = await self._heart.beat(session)
        if isinstance(pulse, Failure):
            return silent(pulse) if pulse.kind in _GONE else failing(pulse)
        return pulse if pulse.locked is None else locked(pulse.locked)

    def _tell_of(self, found: Capabilities) -> None:
        """Say the first thing of weight that could be seen and is not: a whole probe, not one of its columns, and not
        one that this server has not got."""
        hidden = invisible(self._station.catalog, found)
        whole = next((each for each in hidden if each.remedy is not None and "." not in each.what), None)
        if whole is None:
            self._reporter.well("visible")
        else:
            logged = f"{whole.what} cannot be seen. The page and pgvigil doctor tell why, and the SQL that changes it."
            self._reporter.trouble("visible", Problem(Condition.LIMITED, whole.reason, whole.remedy or "", logged))

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
            self._wake.clear()
        except TimeoutError:
            return

    def _balance(self) -> None:
        if self._clocks.steady() >= self._balance_at:
            self._balance_at += _BALANCE
            self._governor.balance({name: self._station.period(name) for name in self._station.queries})
