"""A month from a few hours: their rows are copied forward in time, tier by tier, as upkeep would have left them.

What was driven through the store hour by hour is the beginning of the month; every later hour is a copy of one of
these hours, its moments shifted, and minutes and hours are then rewritten as upkeep rewrites them. Days are left to
upkeep, which makes those that lack. Copies of two hours
or more can't make the file smaller than other rows would: the engine compresses each row group (122,880 rows) on its
own, by the range of its values and by runs of equal ones, and two copies of one row never lie side by side.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb

from bench.sql import text
from pgvigil.store import boundaries
from pgvigil.store.boundaries import DAY, HOUR, Boundaries
from pgvigil.store.engine import BLOCK_BYTES, Engine
from pgvigil.store.rewriting import resort_stretch
from pgvigil.store.series import Series

TIERS = ("closed", "1m", "1h")
AT_ONCE = 20_000
"""Rows that one statement sorts: the engine has little memory. An hour alone lies sorted already."""


@dataclass(frozen=True, slots=True)
class Month:
    """Where it begins and ends, microseconds, how many whole hours at its beginning were driven, and how many hours
    of each tier of TIERS are kept at its end."""

    start: int
    end: int
    driven: int
    filled: tuple[int, int, int]

    def first(self, tier: str) -> int:
        """From when on a tier has rows."""
        return max(self.start, self.end - self.filled[TIERS.index(tier)] * HOUR)

    def hours(self, tier: str) -> Sequence[int]:
        """The ends of the hours that a tier holds at the end of the month, without the driven ones."""
        first = max(self.start + self.driven * HOUR, self.first(tier))
        return range(first + HOUR, self.end + 1, HOUR)

    def stretched(self, tier: str, hours: int) -> float:
        """How many times as many hours of a tier a whole month keeps, where `hours` is what retention keeps."""
        return hours / self.filled[TIERS.index(tier)]

    def source(self, hour: int) -> int:
        """The end of the driven hour that an hour repeats."""
        number = (hour - self.start) // HOUR - 1
        return self.start + (number % self.driven + 1) * HOUR


def fill(engine: Engine, series: Sequence[Series], month: Month) -> None:
    """Copy the driven hours forward, drop what is past its time, and set the boundaries."""
    for one in series:
        with engine.cursor() as cursor:
            for tier in TIERS:
                for hours in _bundles(cursor, f"{one.name}_{tier}", month, month.hours(tier)):
                    _copy(cursor, one, tier, [(month.source(hour), hour) for hour in hours])
            _drop(cursor, one, month)
            _resort(cursor, one)
    engine.checkpoint()


def _bundles(
    cursor: duckdb.DuckDBPyConnection, table: str, month: Month, hours: Sequence[int]
) -> Iterator[Sequence[int]]:
    """Hours that one statement copies: about AT_ONCE rows."""
    count = cursor.execute(text("count").format(table=table)).fetchone()
    an_hour = max(1, (count or (0,))[0] // month.driven)
    together = max(1, AT_ONCE // an_hour)
    for first in range(0, len(hours), together):
        yield hours[first : first + together]


def _copy(cursor: duckdb.DuckDBPyConnection, series: Series, tier: str, hours: Sequence[tuple[int, int]]) -> None:
    columns = ", ".join(f'"{name}"' for name in series.columns if name != "ts")
    keys = [f'"{field.name}"' for field in series.keys]
    order = "" if len(hours) == 1 else "ORDER BY " + ", ".join(["hour_", "target", "incarnation", *keys, "ts"])
    cursor.execute(
        text("copy_hours").format(
            table=f"{series.name}_{tier}",
            columns=columns,
            order=order,
            since=min(source for source, _ in hours) - HOUR,
            until=max(source for source, _ in hours),
        ),
        {"sources": [source for source, _ in hours], "hours": [hour for _, hour in hours]},
    )


def _drop(cursor: duckdb.DuckDBPyConnection, series: Series, month: Month) -> None:
    raw_from, minutes_from = month.first("closed"), month.first("1m")
    for tier, until in (("closed", raw_from), ("1m", minutes_from)):
        cursor.execute(text("drop_until").format(table=f"{series.name}_{tier}"), {"until": until})
    boundaries.write(cursor, series.name, Boundaries(month.end, raw_from, minutes_from, raw_from, minutes_from))


def _resort(cursor: duckdb.DuckDBPyConnection, series: Series) -> None:
    at: Boundaries | None = boundaries.read(cursor)[series.name]
    while at:
        at = resort_stretch(cursor, series, at)


def bytes_a_row(engine: Engine, table: str) -> tuple[int, float]:
    """Rows of a table, and the bytes of its blocks in the file by row."""
    with engine.cursor() as cursor:
        row = cursor.execute(text("blocks").format(table=table)).fetchone()
    rows, blocks = row or (0, 0)
    return rows, blocks * BLOCK_BYTES / rows if rows else 0.0


def tier_size(engine: Engine, series: str, tier: str) -> float:
    """MB of the blocks of one tier of a series."""
    rows, each = bytes_a_row(engine, f"{series}_{tier}")
    return rows * each / 1e6


def used(engine: Engine) -> tuple[float, float]:
    """MB of the file's blocks in use and free."""
    with engine.cursor() as cursor:
        row = cursor.execute(text("database_size")).fetchone()
    in_use, free = row or (0, 0)
    return in_use * BLOCK_BYTES / 1e6, free * BLOCK_BYTES / 1e6


def days(count: float) -> int:
    """Microseconds of days."""
    return round(count * DAY)
