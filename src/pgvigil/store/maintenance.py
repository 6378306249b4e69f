"""Looking after the tiers, one small step at a time, beside the writer and never in its way.

A step takes one hour of one series that is over: it is rolled up into minutes and those into an hour, again if
something came late; or a day, the hours of which are added up; or rows are rewritten, sorted by key (`rewriting.py`);
or what is past its time is deleted. Each is one transaction.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import duckdb

from pgvigil.store import boundaries, remembered, views
from pgvigil.store.boundaries import DAY, HOUR, SECOND, Boundaries, Retention, day_of, hour_of
from pgvigil.store.remembered import decode, encode, fold
from pgvigil.store.rewriting import AT_ONCE, close_hour, count_rows, resort_stretch
from pgvigil.store.series import INCARNATION, PASSES, TARGET, Dimension, Layout, Series
from pgvigil.store.text import ident, moment, second, sql
from pgvigil.store.tiers import FINER, STRETCHES, between, roll_up, slices
from pgvigil.store.transaction import transaction

GRACE = 60 * SECOND
"""How long after an hour's end its last readings may take to arrive before the hour counts as closed."""

LINGER = 600 * SECOND
"""How long rows stay that a boundary left behind: queries planned before it moved still find them."""

FOLD_AT = 60
"""Rows of last readings of a target, one per pass, that are made one: ten minutes of them."""


@dataclass(slots=True)
class Upkeep:
    """What a step needs: the catalog's layout, the boundaries (updated after each commit), `claim`, which tells the
    appender up to where rows of a series count as late from now on, and `forgot`, which tells it that texts it takes
    for known may be gone."""

    layout: Layout
    retention: Retention
    boundaries: dict[str, Boundaries]
    claim: Callable[[str, int], None]
    forgot: Callable[[], None]
    moved: dict[str, int] = field(default_factory=dict)
    settled: dict[str, Boundaries] = field(default_factory=dict)
    """Boundaries with which a series had nothing to close, add up or sort: asking its tables again costs half a
    millisecond each, every ten seconds."""
    not_before: dict[str, int] = field(default_factory=dict)
    """Up to when no hour of a series can be due, for the same reason: rows come with the present."""
    tidied: int = 0


def step(cursor: duckdb.DuckDBPyConnection, upkeep: Upkeep, now: int) -> bool:
    """Do the next step that is due; False when there is none. The passes come first: they say what was watched."""
    if _fold_readings(cursor, upkeep):
        return True
    late = _reopened(cursor)
    for series in upkeep.layout.series.values():
        if series.once:
            continue
        behind = late.get(series.name, [])
        if (
            _roll(cursor, upkeep, series, behind, now)
            or _settle(cursor, upkeep, series)
            or _retire(cursor, upkeep, series, behind, now)
        ):
            return True
    return _tidy(cursor, upkeep, now)


def _fold_readings(cursor: duckdb.DuckDBPyConnection, upkeep: Upkeep) -> bool:
    """Make one row of the many that a target's passes wrote."""
    for target, count, number in cursor.execute(sql("count_readings")).fetchall():
        if count < FOLD_AT:
            continue
        with transaction(cursor):
            rows = remembered.rows(cursor, target)
            parts = [part for no, content in rows if no <= number for part in decode(content)]
            cursor.execute(sql("forget_readings"), {"target": target, "no": number})
            cursor.execute(sql("remember"), [target, number, encode(fold(parts, upkeep.layout))])
        return True
    return False


def _reopened(cursor: duckdb.DuckDBPyConnection) -> Mapping[str, list[int]]:
    found: dict[str, list[int]] = {}
    for name, hour in cursor.execute(sql("reopened")).fetchall():
        found.setdefault(name, []).append(hour)
    return found


def _roll(cursor: duckdb.DuckDBPyConnection, upkeep: Upkeep, series: Series, late: list[int], now: int) -> bool:
    at = upkeep.boundaries.get(series.name, Boundaries())
    again = next((hour for hour in late if hour <= at.rolled), None)
    hour = again or _next_hour(cursor, upkeep, series, now)
    if hour is None:
        return False
    upkeep.settled.pop(series.name, None)
    after = at if again else replace(at, rolled=hour)
    upkeep.claim(series.name, after.rolled)
    if series is not PASSES and _seconds_are_old(cursor, upkeep):
        return True  # the next step makes them anew, and then comes here again
    with transaction(cursor):
        if again:
            _undo(cursor, series, hour)
        for tier in ("1m", "1h"):
            _roll_up(cursor, series, tier, hour - HOUR, hour)
        if hour <= at.days_rolled:
            _roll_up(cursor, series, "1d", day_of(hour) - DAY, day_of(hour))
        _move(cursor, series, after)
        if again:
            cursor.execute(sql("close_reopened"), {"series": series.name, "hour": hour})
    upkeep.boundaries[series.name] = after
    return True


def _seconds_are_old(cursor: duckdb.DuckDBPyConnection, upkeep: Upkeep) -> bool:
    """Whether a pass came late since the step began, so that the passes by the minute do not count it yet."""
    rolled = upkeep.boundaries.get(PASSES.name, Boundaries()).rolled
    return any(hour <= rolled for hour in _reopened(cursor).get(PASSES.name, []))


def _next_hour(cursor: duckdb.DuckDBPyConnection, upkeep: Upkeep, series: Series, now: int) -> int | None:
    at = upkeep.boundaries.get(series.name, Boundaries())
    if max(at.rolled and at.rolled + HOUR + GRACE, upkeep.not_before.get(series.name, 0)) > now:
        return None
    table = ident(f"{series.name}_raw")
    row = cursor.execute(sql("next_ts", table=table, where=between("raw", at.rolled))).fetchone()
    hour = hour_of(now if row is None or row[0] is None else row[0])
    if hour + GRACE <= now:
        return hour
    upkeep.not_before[series.name] = min(hour, hour_of(now)) + GRACE
    return None


def _settle(cursor: duckdb.DuckDBPyConnection, upkeep: Upkeep, series: Series) -> bool:
    """Do one of what follows a roll-up."""
    at = upkeep.boundaries.get(series.name, Boundaries())
    if upkeep.settled.get(series.name) == at:
        return False
    if _roll_day(cursor, upkeep, series) or close_hour(cursor, series, at) or _resort(cursor, upkeep, series):
        return True
    upkeep.settled[series.name] = at
    return False


def _roll_day(cursor: duckdb.DuckDBPyConnection, upkeep: Upkeep, series: Series) -> bool:
    """Add up the hours of the next day that is over; those of `passes` come first, as their hours did."""
    at = upkeep.boundaries.get(series.name, Boundaries())
    if at.rolled < at.days_rolled + DAY:
        return False
    table, where = ident(f"{series.name}_1h"), between("1h", at.days_rolled)
    row = cursor.execute(sql("next_ts", table=table, where=where)).fetchone()
    day = None if row is None or row[0] is None else day_of(row[0])
    if day is None or day > at.rolled:
        return False
    after = replace(at, days_rolled=day)
    with transaction(cursor):
        _roll_up(cursor, series, "1d", day - DAY, day)
        boundaries.write(cursor, series.name, after)
    upkeep.boundaries[series.name] = after
    return True


def _undo(cursor: duckdb.DuckDBPyConnection, series: Series, hour: int) -> None:
    day = day_of(hour)
    for tier, since, until in (("1m", hour - HOUR, hour), ("1h", hour - HOUR, hour), ("1d", day - DAY, day)):
        table = ident(f"{series.name}_{tier}")
        cursor.execute(sql("delete_where", table=table, where=between(tier, since, until)))


def _roll_up(cursor: duckdb.DuckDBPyConnection, series: Series, tier: str, since: int, until: int) -> None:
    for part in slices(series, count_rows(cursor, series, FINER[tier], since, until), AT_ONCE):
        cursor.execute(roll_up(series, tier, since, until, part))


def _resort(cursor: duckdb.DuckDBPyConnection, upkeep: Upkeep, series: Series) -> bool:
    after = resort_stretch(cursor, series, upkeep.boundaries.get(series.name, Boundaries()))
    if after:
        upkeep.boundaries[series.name] = after
    return after is not None


def _retire(cursor: duckdb.DuckDBPyConnection, upkeep: Upkeep, series: Series, late: list[int], now: int) -> bool:
    """Move the boundaries on; some time later, delete what they left behind."""
    at = upkeep.boundaries.get(series.name, Boundaries())
    safe = min([at.rolled, *(hour - HOUR for hour in late)])
    raw_from = max(at.raw_from, min(_hour_before(now, upkeep.retention.raw), safe))
    minutes_from = max(at.minutes_from, min(_hour_before(now, upkeep.retention.minutes), raw_from))
    after = replace(at, raw_from=raw_from, minutes_from=minutes_from)
    if now >= upkeep.moved.get(series.name, 0) + LINGER:
        # Minutes go as they were sorted: what is left of a stretch would keep the room of all of it.
        minutes_gone = at.minutes_from // STRETCHES["1m"] * STRETCHES["1m"]
        after = replace(after, raw_gone=at.raw_from, minutes_gone=max(minutes_gone, at.minutes_gone))
    if after == at:
        return False
    with transaction(cursor):
        if after.raw_gone > at.raw_gone:
            _delete(cursor, f"{series.name}_closed", after.raw_gone)
        if after.minutes_gone > at.minutes_gone:
            _delete(cursor, f"{series.name}_1m", after.minutes_gone, at=second)
        _move(cursor, series, after)
    upkeep.boundaries[series.name] = after
    upkeep.moved[series.name] = now
    return True


def _hour_before(now: int, seconds: float) -> int:
    return (now - int(seconds * SECOND)) // HOUR * HOUR


def _move(cursor: duckdb.DuckDBPyConnection, series: Series, after: Boundaries) -> None:
    boundaries.write(cursor, series.name, after)
    views.create_one(cursor, series, after)


def _delete(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    until: int,
    column: str = "ts",
    at: Callable[[int], str] = moment,
) -> None:
    if until > 0:
        cursor.execute(sql("delete_until", table=ident(table), column=column, until=at(until)))


def _tidy(cursor: duckdb.DuckDBPyConnection, upkeep: Upkeep, now: int) -> bool:
    """Once a day: drop hours, events, gaps and texts that are past their time."""
    until = (now - int(upkeep.retention.hours * SECOND)) // DAY * DAY
    if until <= upkeep.tidied or until <= 0:
        return False
    with transaction(cursor):
        for series in upkeep.layout.series.values():
            if series.once:
                _delete(cursor, f"{series.name}_open", until)
            else:
                for tier in ("1h", "1d"):
                    _delete(cursor, f"{series.name}_{tier}", until, at=second)
        _delete(cursor, "events", until)
        _delete(cursor, "gaps", until, column="until")
        for dimension in upkeep.layout.dimensions.values():
            _forget_texts(cursor, upkeep, dimension, until)
    upkeep.forgot()
    upkeep.tidied = until
    return True


def _forget_texts(cursor: duckdb.DuckDBPyConnection, upkeep: Upkeep, dimension: Dimension, until: int) -> None:
    keys = [field.name for field in dimension.keys]
    users = [series for series in upkeep.layout.series.values() if set(keys) <= {field.name for field in series.keys}]
    of = [TARGET.name, INCARNATION.name, *keys]
    columns = ", ".join(map(ident, of))
    tables = [each for series in users for each in _tables_of_all_keys(series, upkeep.boundaries.get(series.name))]
    match = " AND ".join(f"fact.{ident(name)} IS NOT DISTINCT FROM kept.{ident(name)}" for name in of)
    if tables:
        mentioned = " UNION ".join(
            sql("mentioned", columns=columns, table=ident(table), where=where) for table, where in tables
        )
        forget = {"until": moment(until), "mentioned": mentioned, "match": match}
        cursor.execute(sql("forget_texts", table=ident(dimension.name), **forget))


def _tables_of_all_keys(series: Series, at: Boundaries | None) -> Iterator[tuple[str, str]]:
    """Tables, each with a condition, that hold every key of a series at least once: the days, and what is not in them
    yet. All other rows would tell no more, and are so many that the engine's memory is not enough to join them."""
    since = at or Boundaries()
    if series.once:
        yield f"{series.name}_open", "true"
        return
    yield f"{series.name}_1d", "true"
    yield f"{series.name}_1h", between("1h", since.days_rolled)
    yield f"{series.name}_open", "true"
