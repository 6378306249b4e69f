"""What each value of a reading is: key, counter, birthday of its entry, or a bound to judge it by."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

from pgvigil.catalog.types import Column, Kind
from pgvigil.model import Value

Row = tuple[Value, ...]
Key = tuple[Value, ...]

BORN = "stats_since"
RESET = "stats_reset"
_BOUNDED = (
    ("calls", "total_exec_time", "min_exec_time", "max_exec_time"),
    ("plans", "total_plan_time", "min_plan_time", "max_plan_time"),
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a count, a total, the smallest and the largest single value stand; smallest and largest may be absent."""

    count: int
    total: int
    smallest: int | None
    largest: int | None


@dataclass(frozen=True, slots=True)
class Layout:
    """Positions within the rows of one probe on one server.

    `born` is the moment an entry began to count (statements from extension 1.11 on), `reset` the moment a row says it
    was last reset. `whole` tells that all counters of an entry start again together, as an entry of
    pg_stat_statements does; elsewhere a row may join views that are reset apart. `derived` are the counters among
    `counters` whose fall tells nothing.
    """

    names: tuple[str, ...]
    key: tuple[int, ...]
    counters: tuple[int, ...]
    born: int | None
    reset: int | None
    bounds: tuple[Bounds, ...]
    derived: frozenset[int] = frozenset()

    @property
    def telling(self) -> tuple[int, ...]:
        """Where the counters stand whose fall is a sign of a reset."""
        return tuple(position for position in self.counters if position not in self.derived)

    @property
    def whole(self) -> bool:
        """Whether an entry loses all its counters at once or none."""
        return self.born is not None or bool(self.bounds)

    def key_of(self, row: Row) -> Key:
        """The key of a row, in the probe's order of key columns."""
        return tuple(row[position] for position in self.key)

    def differs(self, old: Row, new: Row) -> bool:
        """Whether any counter of a row moved."""
        return any(old[position] != new[position] for position in self.counters)

    def realign(self, names: Sequence[str], rows: Sequence[Row]) -> list[Row]:
        """Rows that had other columns, brought to this layout; what they lacked is None."""
        if tuple(names) == self.names:
            return list(rows)
        places = {name: position for position, name in enumerate(names)}
        if all(name in places for name in self.names) and len(self.names) > 1:
            pick = itemgetter(*(places[name] for name in self.names))
            return [pick(row) for row in rows]
        found = [places.get(name) for name in self.names]
        return [tuple(None if place is None else row[place] for place in found) for row in rows]


def layout_of(columns: Sequence[Column], key: Sequence[str]) -> Layout:
    """The layout of a probe's columns as this server returns them."""
    places = {column.name: position for position, column in enumerate(columns)}
    return Layout(
        names=tuple(places),
        key=tuple(places[name] for name in key),
        counters=tuple(places[column.name] for column in columns if column.kind is Kind.COUNTER),
        born=places.get(BORN),
        reset=places.get(RESET),
        bounds=tuple(
            Bounds(places[count], places[total], places.get(smallest), places.get(largest))
            for count, total, smallest, largest in _BOUNDED
            if count in places and total in places
        ),
        derived=frozenset(places[column.name] for column in columns if column.derived),
    )
