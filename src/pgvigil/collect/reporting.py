"""How the watching of a target is, told once per change: problems by where they were met, the worst one shown."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from pgvigil.collect.live import Hub, StateChanged
from pgvigil.model import Condition, TargetState
from pgvigil.pg import ConnectError

_log = logging.getLogger("pgvigil.collect")

_WORST_FIRST = (Condition.UNREACHABLE, Condition.REFUSED, Condition.LIMITED)
_CONNECTION = "connection"
_CATALOG = "catalog"
"""A locked catalog is why much else fails, and says what ends it: of problems that are as bad it is the one shown."""

_MET_ON_IT = ("sessions", "passes", "capabilities", "visits")
"""What was met on a connection that ended says less than why no other can be made, and nothing once there is one."""

_REPEAT = 300.0
"""Seconds between two log lines about a condition that lasts."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something cannot be seen, and what to do; sentences without secrets. `logged` is what the log says instead,
    where they tell more than may stand in a file that is not encrypted."""

    condition: Condition
    cause: str
    remedy: str = ""
    logged: str = ""

    @classmethod
    def of(cls, error: ConnectError, what: str = "") -> "Problem":
        """Why there is no session, after what cannot be done without it."""
        return cls(error.condition, what + error.cause, error.remedy, what + error.logged)

    @property
    def words(self) -> str:
        """It in the log."""
        return self.logged or f"{self.cause} {self.remedy}".strip()


class Reporter:
    """Holds the problems of one target; `now` gives microseconds, `steady` seconds."""

    def __init__(self, name: str, hub: Hub, now: Callable[[], int], steady: Callable[[], float]) -> None:
        self._name = name
        self._hub = hub
        self._now = now
        self._steady = steady
        self._problems: dict[str, Problem] = {}
        self._watching = False
        self._told_at: dict[str, float] = {}
        self._words = ""
        self.state = TargetState(Condition.STARTING, now())

    def trouble(self, where: str, problem: Problem) -> None:
        """Something is wrong at `where`, until that place is well again."""
        self._problems[where] = problem
        if where == _CONNECTION:
            self._watching = False
            self._forget(_MET_ON_IT)
        self._settle()

    def well(self, where: str, *, watching: bool = False) -> None:
        """Nothing is wrong at `where`; `watching` tells that data came."""
        self._watching = self._watching or watching
        if where == _CONNECTION and _CONNECTION in self._problems:
            self._forget(_MET_ON_IT)
        self._forget((where,))
        self._settle()

    def afresh(self) -> None:
        """Forget all problems: whoever met them is no more."""
        self._problems.clear()

    def stopped(self) -> None:
        """The watching ended because we were told so."""
        self._change(TargetState(Condition.STOPPED, self._now()))

    def _forget(self, places: tuple[str, ...]) -> None:
        for where in places:
            self._problems.pop(where, None)

    def _worst(self) -> Problem | None:
        if (found := self._problems.get(_CONNECTION)) is not None:
            return found
        worst_first = sorted(
            self._problems.items(), key=lambda it: (_WORST_FIRST.index(it[1].condition), it[0] != _CATALOG)
        )
        return worst_first[0][1] if worst_first else None

    def _settle(self) -> None:
        worst = self._worst()
        if worst is not None:
            self._change(TargetState(worst.condition, self._now(), worst.cause, worst.remedy), worst.words)
        elif self._watching:
            self._change(TargetState(Condition.WATCHING, self._now()))

    def _change(self, state: TargetState, words: str = "") -> None:
        old, self._words = self.state, words
        same = (old.condition, old.cause, old.remedy) == (state.condition, state.cause, state.remedy)
        if not same:
            since = old.since if old.condition is state.condition else state.since
            self.state = TargetState(state.condition, since, state.cause, state.remedy)
            self._hub.publish(StateChanged(self.state))
        if old.condition is not state.condition or (state.cause and self._is_news(state.cause)):
            self._tell()

    def _is_news(self, cause: str) -> bool:
        """Whether a cause was not told for a while: a server that refuses now with these words and now with those
        does not fill the log."""
        return self._steady() - self._told_at.get(cause, float("-inf")) >= _REPEAT

    def _tell(self) -> None:
        state, now = self.state, self._steady()
        self._told_at = {cause: at for cause, at in self._told_at.items() if now - at < _REPEAT}
        self._told_at[state.cause] = now
        level = logging.INFO if state.condition in {Condition.WATCHING, Condition.STOPPED} else logging.WARNING
        _log.log(level, "target %s: %s%s", self._name, state.condition, f": {self._words}" if self._words else "")
