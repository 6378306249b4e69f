"""A month from a few hours: their rows are copied forward in time, tier by tier, as upkeep would have left them.

What was driven through the store hour by hour is the beginning of the month; every later hour is a copy of one of
these hours, its moments shifted. Copies can't make the file smaller than other rows would: the engine compresses each
row group (122,880 rows) on its own, and copies of one row lie hours apart; `bytes_a_row` of both shows it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb

from bench.sql import text
from pgvigil.store import boundaries
from pgvigil.store.boundaries import DAY, HOUR, Boundaries, Retention
from pgvigil.store.engine import BLOCK_BYTES, Engine
from pgvigil.store.series import Series

TIERS = ("closed", "1m", "1h")
AT_ONCE = 60_000
"""Rows in one statement, about: the engine has 128 MB."""


@dataclass(frozen=True, slots=True)
class Month:
    """Where it begins and ends, microseconds, and how many whole hours at its beginning were driven."""

    start: int
    end: int
    driven: int

    def hours(self, tier: str, retention: Retention) -> Sequence[int]:
        """The ends of the hours that a tier still holds at the end of the month, without the driven ones."""
        kept = {"closed": retention.raw, "1m": retention.minutes, "1h": retention.hours}[tier]
        first = max(self.start + self.driven * HOUR, self.end - round(kept * 1e6))
        return range(first + HOUR, self.end + 1, HOUR)

    def stretched(self, tier: str, retention: Retention, days: int) -> float:
        """How many times as many hours of a tier a month of so many days keeps."""
        kept = {"closed": retention.raw, "1m": retention.minutes, "1h": retention.hours}[tier]
        return min(kept, days * 86_400.0) / min(kept, (self.end - self.start) / 1e6)

    def source(self, hour: int) -> int:
        """The end of the driven hour that an hour repeats."""
        number = (hour - self.start) // HOUR - 1
        return self.start + (number % self.driven + 1) * HOUR


def fill(engine: Engine, series: Sequence[Series], month: Month, retention: Retention) -> None:
    """Copy the driven hours forward, drop what is past its time, and set the boundaries."""
    for one in series:
        with engine.cursor() as cursor:
            for tier in TIERS:
                for hours in _bundles(cursor, f"{one.name}_{tier}", month, month.hours(tier, retention)):
                    _copy(cursor, one, tier, [(month.source(hour), hour) for hour in hours])
            _drop(cursor, one, month, retention)
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
    cursor.execute(
        text("copy_hours").format(
            table=f"{series.name}_{tier}", columns=columns, order=", ".join(["target", "incarnation", *keys, "ts"])
        ),
        {"sources": [source for source, _ in hours], "hours": [hour for _, hour in hours]},
    )


def _drop(cursor: duckdb.DuckDBPyConnection, series: Series, month: Month, retention: Retention) -> None:
    raw_from, minutes_from = (month.end - round(kept * 1e6) for kept in (retention.raw, retention.minutes))
    raw_from, minutes_from = max(raw_from, 0), max(minutes_from, 0)
    for tier, until in (("closed", raw_from), ("1m", minutes_from)):
        cursor.execute(text("drop_until").format(table=f"{series.name}_{tier}"), {"until": until})
    boundaries.write(cursor, series.name, Boundaries(month.end, raw_from, minutes_from, raw_from, minutes_from))


def bytes_a_row(engine: Engine, table: str) -> tuple[int, float]:
    """Rows of a table, and the bytes of its blocks in the file by row."""
    with engine.cursor() as cursor:
        row = cursor.execute(text("blocks").format(table=table)).fetchone()
    rows, blocks = row or (0, 0)
    return rows, blocks * BLOCK_BYTES / rows if rows else 0.0


def tier_size(engine: Engine, series: Sequence[Series], tier: str) -> float:
    """MB of the blocks of one tier of all series."""
    found = [bytes_a_row(engine, f"{one.name}_{tier}") for one in series]
    return sum(rows * each for rows, each in found) / 1e6


def used(engine: Engine) -> tuple[float, float]:
    """MB of the file's blocks in use and free."""
    with engine.cursor() as cursor:
        row = cursor.execute(text("database_size")).fetchone()
    in_use, free = row or (0, 0)
    return in_use * BLOCK_BYTES / 1e6, free * BLOCK_BYTES / 1e6


def days(count: float) -> int:
    """Microseconds of days."""
    return round(count * DAY)
