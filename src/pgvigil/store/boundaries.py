"""Which tier tells of which time.

Per series, in microseconds; all of them are whole hours, and a moment belongs to the hour it ends:

    ----- by the hour -----|----- by the minute -----|----- as read -----
                      minutes_from               raw_from             rolled       now

`rolled`: minutes and hours hold everything up to here. `raw_from`: readings count as read after it, by the minute up
to it; `minutes_from`: by the hour up to it. `raw_gone` and `minutes_gone`: up to here the finer rows were deleted;
they follow some minutes later, so that a query planned before a boundary moved still finds its rows.
`minutes_sorted`, `hours_sorted` and `days_sorted`: up to here the rows of a coarser tier were rewritten, sorted by
key. `days_rolled`, the end of a whole day: up to here the same stands by the day beside the hours, for as long as
these; it is read where sums over days are wanted.
"""

from dataclasses import astuple, dataclass

import duckdb

from pgvigil.store.text import moment, sql

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Boundaries:
    """Where the tiers of a series meet."""

    rolled: int = 0
    raw_from: int = 0
    minutes_from: int = 0
    raw_gone: int = 0
    minutes_gone: int = 0
    minutes_sorted: int = 0
    hours_sorted: int = 0
    days_rolled: int = 0
    days_sorted: int = 0


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each tier is kept, in seconds."""

    raw: float = 2 * 86_400
    minutes: float = 14 * 86_400
    hours: float = 400 * 86_400


def hour_of(ts: int) -> int:
    """The end of the hour that a moment belongs to: the hour that ends at 10:00 holds 09:00:00.000001 to 10:00."""
    return -(-ts // HOUR) * HOUR


def day_of(ts: int) -> int:
    """The end of the day (UTC) that a moment belongs to."""
    return -(-ts // DAY) * DAY


def read(cursor: duckdb.DuckDBPyConnection) -> dict[str, Boundaries]:
    """The boundaries of every series that has any."""
    return {row[0]: Boundaries(*row[1:]) for row in cursor.execute(sql("boundaries")).fetchall()}


def write(cursor: duckdb.DuckDBPyConnection, series: str, to: Boundaries) -> None:
    """Keep the boundaries of a series."""
    moments = ", ".join(map(moment, astuple(to)))
    cursor.execute(sql("forget_boundaries"), {"series": series})
    cursor.execute(sql("set_boundaries", moments=moments), {"series": series})
