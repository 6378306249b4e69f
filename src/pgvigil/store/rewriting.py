"""Rewriting rows once, sorted by key: rows of one key side by side take half of the room and less.

Readings go, hour by hour, from where they were appended to where they stay. Minutes and hours are made an hour at a
time, in which a key has few rows or one; they are rewritten in their place when the hours of a stretch are complete.
"""

from dataclasses import replace

import duckdb

from pgvigil.store import boundaries
from pgvigil.store.boundaries import HOUR, Boundaries, hour_of
from pgvigil.store.series import Series
from pgvigil.store.text import ident, moment, sql
from pgvigil.store.tiers import STRETCHES, between, close, resort, slices
from pgvigil.store.transaction import transaction

AT_ONCE = 20_000
"""Rows in one statement of a step, which bounds the memory it takes: 20,000 rows of 50 columns fit into 64 MB."""


def close_hour(cursor: duckdb.DuckDBPyConnection, series: Series, at: Boundaries) -> bool:
    """Rewrite the oldest hour of readings that was rolled up; False if there is none."""
    table = f"{series.name}_open"
    row = cursor.execute(sql("oldest_until", table=ident(table), until=moment(at.rolled))).fetchone()
    if row is None or row[0] is None:
        return False
    hour = hour_of(row[0])
    with transaction(cursor):
        for part in slices(series, count_rows(cursor, series, "open", hour - HOUR, hour), AT_ONCE):
            cursor.execute(close(series, hour, part))
        cursor.execute(sql("delete_until", table=ident(table), column="ts", until=moment(hour)))
    return True


def resort_stretch(cursor: duckdb.DuckDBPyConnection, series: Series, at: Boundaries) -> Boundaries | None:
    """Rewrite the next complete stretch of minutes, hours or days; the new boundaries, None if there is none."""
    for tier, name, rolled in (
        ("1m", "minutes_sorted", at.rolled),
        ("1h", "hours_sorted", at.rolled),
        ("1d", "days_sorted", at.days_rolled),
    ):
        until = _next_stretch(cursor, series, tier, getattr(at, name))
        if until is None or until > rolled:
            continue
        after = replace(at, **{name: until})
        with transaction(cursor):
            _resort(cursor, series, tier, until)
            boundaries.write(cursor, series.name, after)
        return after
    return None


def count_rows(cursor: duckdb.DuckDBPyConnection, series: Series, tier: str, since: int, until: int) -> int:
    """Rows of a table of a series in (`since`, `until`]."""
    table = ident(f"{series.name}_{tier}")
    row = cursor.execute(sql("count_rows", table=table, where=between(tier, since, until))).fetchone()
    return row[0] if row else 0


def _next_stretch(cursor: duckdb.DuckDBPyConnection, series: Series, tier: str, done: int) -> int | None:
    """The end of the first stretch after `done` that has rows."""
    table = ident(f"{series.name}_{tier}")
    row = cursor.execute(sql("next_ts", table=table, where=between(tier, done))).fetchone()
    length = STRETCHES[tier]
    return None if row is None or row[0] is None else -(-row[0] // length) * length


def _resort(cursor: duckdb.DuckDBPyConnection, series: Series, tier: str, until: int) -> None:
    table, since = ident(f"{series.name}_{tier}"), until - STRETCHES[tier]
    rows = count_rows(cursor, series, tier, since, until)
    found = cursor.execute(sql("last_row", table=table)).fetchone()
    last = found[0] if found else 0  # rows written within a transaction have higher numbers than all others
    for part in slices(series, rows, AT_ONCE):
        cursor.execute(resort(series, tier, since, until, f"rowid <= {last} AND {part}"))
    cursor.execute(sql("delete_where", table=table, where=f"{between(tier, since, until)} AND rowid <= {last}"))
