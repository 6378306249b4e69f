"""How rows of a finer tier become rows of a coarser one; SQL made from a series, nothing run here.

A row of a coarser tier stands for one key over one bucket and bears the moment the bucket ends. Its `secs` are the
seconds of that bucket which the probe watched (of the passes that went well, overlaps counted once), the same for
every key: a key has a row only where something moved, so adding up the seconds of its own rows would leave out the
time in which it did not, and every rate would come out too high. So `calls / secs` of any row is the rate over the
time the row stands for, and over a longer span it is `sum(calls)` by `sum(passes.secs)`.
"""

from pgvigil.catalog.types import Rollup
from pgvigil.store.boundaries import DAY, HOUR, MINUTE
from pgvigil.store.series import PASSES, Field, Series
from pgvigil.store.text import ident, literal, moment, second, sql

TIERS = {"1m": MINUTE, "1h": HOUR, "1d": DAY}
"""Coarser tiers and the length of their buckets, in microseconds."""
STRETCHES = {"1m": 6 * HOUR, "1h": DAY, "1d": 30 * DAY}
"""What is rewritten at once, sorted by key: an hour's row of a statement took 53 bytes before and takes 17 after."""

FINER = {"1m": "raw", "1h": "1m", "1d": "1h"}
"""The tier that another is made from."""

_LARGEST = 2**63 - 1


def roll_up(series: Series, tier: str, since: int, until: int, slice_: str = "true") -> str:
    """The statement that fills a tier for (`since`, `until`], whole buckets, from the next finer tier."""
    keys = [ident(field.name) for field in series.keys]
    groups = ["bucket", "fact.target", "fact.incarnation", *(f"fact.{key}" for key in keys)]
    values = [f"{_aggregate(field)} AS {ident(field.name)}" for field in series.fields[len(series.keys) :]]
    return sql(
        "roll_up",
        table=ident(f"{series.name}_{tier}"),
        columns=", ".join(map(ident, series.columns)),
        bucket=_bucket(TIERS[tier]),
        source=ident(f"{series.name}_{FINER[tier]}"),
        where=f"{between(FINER[tier], since, until)} AND {slice_}",
        cover=_cover(series, tier, since, until),
        cover_key="(bucket, target, incarnation, probe, outcome)"
        if series is PASSES
        else "(bucket, target, incarnation)",
        rows=", ".join(["bucket AS ts", "any_value(cover.secs) AS secs", *groups[1:], *values]),
        groups=", ".join(groups),
        order=", ".join([*groups[1:], "bucket"]),
    )


def close(series: Series, until: int, slice_: str = "true") -> str:
    """The statement that copies the rows up to a moment, sorted by key, to where they stay."""
    return _copy_sorted(series, "open", "closed", f"ts <= {moment(until)} AND {slice_}")


def resort(series: Series, tier: str, since: int, until: int, slice_: str = "true") -> str:
    """The statement that copies the rows of a tier to its end, sorted by key."""
    return _copy_sorted(series, tier, tier, f"{between(tier, since, until)} AND {slice_}")


def between(tier: str, since: int, until: int | None = None) -> str:
    """The condition that holds for the rows of a tier in (`since`, `until`]."""
    at = second if tier in TIERS else moment  # of the column's type: the engine skips what it need not read
    return f"ts > {at(since)}" + ("" if until is None else f" AND ts <= {at(until)}")


def _copy_sorted(series: Series, source: str, table: str, where: str) -> str:
    order = ["target", "incarnation", *(ident(field.name) for field in series.keys), "ts"]
    return sql(
        "close",
        table=ident(f"{series.name}_{table}"),
        columns=", ".join(map(ident, series.columns)),
        source=ident(f"{series.name}_{source}"),
        where=where,
        order=", ".join(order),
    )


def slices(series: Series, rows: int, at_once: int) -> list[str]:
    """Conditions that cut the rows of a step by key into parts of about `at_once` rows, to bound its memory."""
    parts = -(-rows // at_once)
    if parts <= 1:
        return ["true"]
    key = ", ".join(["target", "incarnation", *(ident(field.name) for field in series.keys)])
    return [f"hash({key}) % {parts} = {part}" for part in range(parts)]


def _bucket(length: int) -> str:
    return f"make_timestamp((epoch_us(ts) + {length - 1}) // {length} * {length})"


def _cover(series: Series, tier: str, since: int, until: int) -> str:
    if series is not PASSES:
        where = between(tier, since, until)
        return sql("cover_facts", passes=f"passes_{tier}", probe=literal(series.name), where=where)
    name = "cover_readings" if tier == "1m" else "cover_rows"
    where = between(FINER[tier], since, until)
    return sql(name, bucket=_bucket(TIERS[tier]), passes=f"{PASSES.name}_{FINER[tier]}", where=where)


def _aggregate(field: Field) -> str:
    """The value of a bucket, rounded as those it is made of: adding up brings the noise of floating point back."""
    value = _unrounded(field)
    return value if field.decimals is None else f"round({value}, {field.decimals})"


def _unrounded(field: Field) -> str:
    name = f"fact.{ident(field.name)}"
    match field.rollup:
        case Rollup.SUM if field.type == "BIGINT":
            # A sum of BIGINT is a HUGEINT, which takes several times the room; one absurd value must not stop all.
            # least() and greatest() pass over NULL: what is not known would be the largest number there is.
            bounded = f"greatest(least(sum({name}), {_LARGEST}), -{_LARGEST})::BIGINT"
            return f"CASE WHEN sum({name}) IS NOT NULL THEN {bounded} END"
        case Rollup.SUM:
            return f"sum({name})"
        case Rollup.MAX if field.type == "BOOLEAN":
            return f"bool_or({name})"
        case Rollup.MIN if field.type == "BOOLEAN":
            return f"bool_and({name})"
        case Rollup.MAX | Rollup.MIN:
            return f"{field.rollup.value}({name})"
        case Rollup.AVG:
            weight = f"coalesce(fact.secs, 0) * ({name} IS NOT NULL)::INTEGER"
            return f"coalesce(sum({name} * {weight}) / nullif(sum({weight}), 0), avg({name}))"
        case _ if field.steady:
            return f"arg_max({name}, fact.ts)"  # the last that is not NULL
        case _:
            return f"arg_max_null({name}, fact.ts)"
