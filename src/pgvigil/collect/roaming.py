"""The loop of the passes over every database."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from pgvigil.collect.post import Post
from pgvigil.collect.reporting import Problem
from pgvigil.collect.schedule import Schedule
from pgvigil.collect.tools import Tools
from pgvigil.collect.visits import LISTING, Visits
from pgvigil.collect.watching import parted
from pgvigil.model import Condition
from pgvigil.pg import ConnectError

_LONGEST_SLEEP = 1.0
_AGAIN = 10.0
_LONGEST_AGAIN = 60.0
"""Seconds until databases that could not be visited are tried again: each refusal is a line in the server's log."""

_UNVISITED = "What is looked at database by database (tables, indexes)"


class VisitRounds:
    """The passes over every database, on a connection that roams."""

    def __init__(self, tools: Tools, visits: Visits, post: Post) -> None:
        self._station = tools.station
        self._visits = visits
        self._post = post
        self._governor = tools.governor
        self._reporter = tools.reporter
        self._clocks = tools.clocks
        self._schedule = Schedule(tools.phase)
        self._again = 0.0

    async def run(self) -> None:
        """Round after round, until cancelled."""
        await self._station.ready.wait()
        while True:
            now = self._clocks.wall() / 1e6
            periods = self._periods()
            turns = self._schedule.due(now, periods)
            if turns:
                self._schedule.take(now, turns)
                names = [turn.name for turn in turns]
                while not await self._round(names):
                    self._again = min(_LONGEST_AGAIN, 2 * self._again or _AGAIN)
                    await asyncio.sleep(self._again)
                self._again = 0.0
            await asyncio.sleep(min(_LONGEST_SLEEP, self._schedule.wait(now, periods)))

    def _periods(self) -> Mapping[str, float]:
        steady = self._clocks.steady()
        if self._station.memory.resting(LISTING, steady) is not None:
            return {}
        return {name: self._station.period(name) * self._governor.factor(name) for name in self._visits.names}

    async def _round(self, names: list[str]) -> bool:
        """Visit every database; False where that should be tried again before the next turn."""
        if self._post.pending and not await self._post.deliver():
            return True
        refusals: list[ConnectError] = []
        costs: defaultdict[str, float] = defaultdict(float)
        visits = 0
        elsewhere = False
        async for passed in self._visits.round(names):
            visits += 1
            elsewhere = elsewhere or passed.elsewhere
            self._station.look_again = self._station.look_again or passed.look_again
            if passed.refusal is not None:
                refusals.append(passed.refusal)
            for name, cost in passed.costs.items():
                costs[name] += cost
            await self._post.send(passed.ts, passed.batches)
        for name, cost in costs.items():  # of all databases together: a turn asks every one
            self._governor.record(name, cost)
        everywhere = bool(refusals) and len(refusals) == visits
        if elsewhere:
            self._part()
        else:
            self._report(refusals, everywhere=everywhere)
        away = any(each.condition is Condition.UNREACHABLE for each in refusals)
        if self._station.memory.resting(LISTING, self._clocks.steady()) is not None:
            return True
        # What refuses for itself, and twice, has to wait for the turn: the others would be asked again for nothing.
        return not (everywhere or away or elsewhere or (refusals and self._again == 0.0))

    def _part(self) -> None:
        """A restart is met once, until the connection that stays has met it too."""
        if self._again > 0.0:
            self._reporter.trouble("visits", parted(f"{_UNVISITED} cannot be read"))

    def _report(self, refusals: list[ConnectError], *, everywhere: bool) -> None:
        """That a server is away is told by the connections that stay; not until it was met twice is it only visits that
        do not reach it."""
        if not refusals:
            self._reporter.well("visits")
            return
        first = next((each for each in refusals if each.condition is Condition.REFUSED), refusals[0])
        if first.condition is Condition.UNREACHABLE and self._again == 0.0:
            return
        what = f"{_UNVISITED} cannot be read{'' if everywhere else ' everywhere'}: "
        self._reporter.trouble("visits", replace(Problem.of(first, what), condition=Condition.LIMITED))
