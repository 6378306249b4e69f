"""When the turn of a probe is: at multiples of its period, so restarts do not shift it and late ones do not pile up."""

from collections.abc import Mapping
from dataclasses import dataclass

from pgvigil.catalog.types import OPERATORS, Condition

_CORRECTION = 1.0
"""Seconds by which a clock may be set back without a turn coming twice."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A probe that is due, and how many of its turns went by unused before."""

    name: str
    missed: int


class Schedule:
    """Turns of probes at `phase` + n x period, in seconds on one clock; a probe never taken is due at once."""

    def __init__(self, phase: float = 0.0) -> None:
        self._phase = phase
        self._taken: dict[str, float] = {}

    def due(self, now: float, periods: Mapping[str, float]) -> list[Turn]:
        """The probes whose turn it is, in the order of `periods`; nothing is taken by asking."""
        turns = []
        for name, period in periods.items():
            begun = self._begun(now, period)
            taken = self._taken.get(name)
            if taken is None or self._set_back(now, taken, period):
                turns.append(Turn(name, 0))
            elif begun > taken:
                turns.append(Turn(name, round((begun - self._begun(taken, period)) / period) - 1))
        return turns

    def take(self, now: float, turns: list[Turn]) -> None:
        """Count these turns as used."""
        self._taken.update({turn.name: now for turn in turns})

    def forget(self, name: str) -> None:
        """Make a probe due at once."""
        self._taken.pop(name, None)

    def wait(self, now: float, periods: Mapping[str, float]) -> float:
        """Seconds until the next turn of any of them; infinite where there are none."""
        return min((self._left(now, name, period) for name, period in periods.items()), default=float("inf"))

    def _begun(self, now: float, period: float) -> float:
        return (now - self._phase) // period * period + self._phase

    def _left(self, now: float, name: str, period: float) -> float:
        taken = self._taken.get(name)
        begun = self._begun(now, period)
        if taken is None or begun > taken or self._set_back(now, taken, period):
            return 0.0
        return begun + period - now

    def _set_back(self, now: float, taken: float, period: float) -> bool:
        """Whether the clock was set back into a turn before the one taken; a correction by a moment is none."""
        return now < taken - _CORRECTION and self._begun(now, period) < self._begun(taken, period)


def holds(condition: Condition | None, signals: Mapping[str, float]) -> bool:
    """Whether a `when` is fulfilled; a signal that nobody gave yet fulfils nothing."""
    if condition is None:
        return True
    value = signals.get(condition.signal)
    return value is not None and OPERATORS[condition.operator](value, condition.value)
