"""Whether two readings of one key belong to one life of its entry.

An entry that was reset or evicted counts from nothing again. From extension 1.11 on each entry says since when it
counts. Before that only the numbers tell: within one life no counter falls, the smallest value never rises, the
largest never falls, and n further calls take between n times the smallest and n times the largest.
"""

from enum import Enum, auto

from pgvigil.collect.layout import Bounds, Layout, Row
from pgvigil.model import Value

_ROUNDING = 1e-6
"""Relative error granted to a sum of floats; a billion additions stay well below."""


class Life(Enum):
    """What is known of a key between two readings of it."""

    SAME = auto()  # certainly the same entry
    LIKELY = auto()  # nothing speaks against it
    DOUBTFUL = auto()  # something was reset, and the numbers do not tell whether this was
    NEW = auto()  # certainly another entry


def judge(layout: Layout, old: Row, new: Row) -> Life:
    """Compare two readings of one key."""
    if layout.born is not None and old[layout.born] is not None and new[layout.born] is not None:
        return Life.SAME if old[layout.born] == new[layout.born] else Life.NEW
    if any(fell(old[position], new[position]) for position in layout.telling):
        return Life.NEW
    if any(not _one_life(bounds, old, new) for bounds in layout.bounds):
        return Life.NEW
    if layout.reset is not None and old[layout.reset] != new[layout.reset]:
        return Life.DOUBTFUL
    return Life.LIKELY


def began_anew(layout: Layout, old: Row, new: Row) -> bool:
    """Whether what fell between two readings counts from nothing again, so that its new value is what happened.

    True for an entry that counts as a whole, where the row says so, and where everything it had counted fell. Else a
    counter may be a sum of which a part went away (the scans of a table whose index was dropped).
    """
    if layout.whole or (layout.reset is not None and old[layout.reset] != new[layout.reset]):
        return True
    return all(fell(old[position], new[position]) for position in layout.telling if old[position])


def fell(old: Value, new: Value) -> bool:
    """Whether a counter is lower than it was."""
    return isinstance(old, int | float) and isinstance(new, int | float) and new < old


def _one_life(bounds: Bounds, old: Row, new: Row) -> bool:
    count = _number(old[bounds.count])
    if not count:
        return True
    more = _number(new[bounds.count]) - count
    time = _number(new[bounds.total]) - _number(old[bounds.total])
    slack = _ROUNDING * (1 + _number(new[bounds.total]))
    if bounds.smallest is None or bounds.largest is None:
        return more > 0 or time <= slack
    smallest, largest = _number(new[bounds.smallest]), _number(new[bounds.largest])
    if smallest > _number(old[bounds.smallest]) or largest < _number(old[bounds.largest]):
        return False
    return more * smallest - slack <= time <= more * largest + slack


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
