"""Values that hardly ever move, such as when the counting of a statement began, are kept where they changed and once
in every hour; in between they are NULL. Each takes the room of a number in every row otherwise, and tells nothing.

An hour is what upkeep rolls up, rewrites and retires, so every tier has its own first value.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from pgvigil.model import Value
from pgvigil.store.boundaries import hour_of
from pgvigil.store.frame import Frame
from pgvigil.store.pack import Packed
from pgvigil.store.series import Series

LIMIT = 50_000
"""Keys remembered; beyond it all are forgotten, which costs each a value more."""

_Told = tuple[int, tuple[Value, ...]]


class Steady:
    """What every key was last told with, and in which hour."""

    def __init__(self) -> None:
        self._told: dict[tuple[Any, ...], _Told] = {}

    def thin(self, one: Packed, series: Series | None) -> Frame | None:
        """The facts without the steady values that this hour holds already; from now on it holds the others."""
        facts = one.facts
        names = [field.name for field in series.values if field.steady] if series else []
        if series is None or facts is None or not names:
            return facts
        whose = (series.name, one.batch.target, one.batch.incarnation)
        if len(self._told) > LIMIT:
            self._told.clear()
        known = list(self._known(whose, hour_of(one.batch.ts), _rows(facts, [key.name for key in series.keys], names)))
        for place, name in enumerate(names):
            facts = facts.without(name, np.fromiter((place in same for same in known), np.bool_, facts.size))
        return facts

    def forget(self) -> None:
        """Know nothing: a transaction was undone, or another file is open."""
        self._told.clear()

    def _known(
        self, whose: tuple[Any, ...], hour: int, rows: Iterator[tuple[tuple[Value, ...], tuple[Value, ...]]]
    ) -> Iterator[frozenset[int]]:
        """Of every row, the places of the values that its key was last told with."""
        for key, values in rows:
            before = self._told.get((*whose, *key))
            self._told[*whose, *key] = (hour, values)
            if before is None or before[0] != hour:
                yield frozenset()
            elif before[1] == values:
                yield frozenset(range(len(values)))
            else:
                pairs = zip(before[1], values, strict=True)
                yield frozenset(place for place, (old, new) in enumerate(pairs) if old == new)


def _rows(
    facts: Frame, keys: Sequence[str], names: Sequence[str]
) -> Iterator[tuple[tuple[Value, ...], tuple[Value, ...]]]:
    values = zip(*(facts.values(name) for name in names), strict=True)
    whose = zip(*(facts.values(key) for key in keys), strict=True) if keys else iter([()] * facts.size)
    return zip(whose, values, strict=True)
