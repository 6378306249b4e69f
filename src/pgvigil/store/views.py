"""Reading across the tiers, each moment once.

The view `<series>` takes what is kept as read, before that the minutes, before that the hours. `relation` takes, for a
span, the coarsest rows that answer it exactly: days within it, where sums over days will do, hours at the edges of
these, minutes at theirs, and readings within the minutes at the ends. Both add up to the same wherever the finer rows
are still kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pgvigil.store.boundaries import DAY, HOUR, MINUTE, SECOND, Boundaries
from pgvigil.store.series import TS, Layout, Series
from pgvigil.store.text import ident, sql
from pgvigil.store.tiers import FINER, TIERS, between

_GRAINS = {"raw": 10} | {tier: length // SECOND for tier, length in TIERS.items()}

ALWAYS = 2**62
"""After any moment."""

LONGEST_RAW = 3 * HOUR
LONGEST_MINUTES = 3 * DAY
"""Minutes over 7 days of 4,900 statements took 164 ms, over 30 days 512 ms; hours over 30 days 9 to 38 ms."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows of one tier with `since` < ts <= `until`."""

    tier: str
    since: int
    until: int


def tier_for(since: int, until: int, step: int | None = None) -> str:
    """The coarsest tier a span of this length is read from: `raw`, `1m`, `1h` or `1d`. Never minutes beyond three days.

    Where only sums by `step` are wanted, any rows that are no longer tell them, and the coarsest are the fewest. Days
    are read for nothing else.
    """
    length, step = until - since, step or 0
    if step >= DAY:
        return "1d"
    if length > LONGEST_MINUTES or step >= HOUR:
        return "1h"
    return "1m" if length > LONGEST_RAW or step >= MINUTE else "raw"


def segments(tier: str, since: int, until: int, at: Boundaries) -> list[Segment]:
    """The parts of a span, each with the tier to read it from, in the order of time; none coarser than `tier`, but
    where nothing finer is kept."""
    return _joined(_parts(tier, since, until, at))


def grain(tier: str, since: int, until: int, at: Boundaries) -> int:
    """The seconds of the coarsest rows among those parts."""
    return max((_GRAINS[part.tier] for part in segments(tier, since, until, at)), default=_GRAINS["raw"])


def _parts(tier: str, since: int, until: int, at: Boundaries) -> list[Segment]:
    """A span with the whole steps of `tier` within it read from that tier, and the edges from finer ones."""
    if since >= until:
        return []
    if tier == "raw":
        return _by_what_is_kept(since, until, at)
    low, high = _complete(tier, at)
    first = -(-max(since, low) // TIERS[tier]) * TIERS[tier]
    last = min(until // TIERS[tier] * TIERS[tier], high)
    if first >= last:
        return _parts(FINER[tier], since, until, at)
    return [
        *_parts(FINER[tier], since, first, at),
        Segment(tier, first, last),
        *_parts(FINER[tier], last, until, at),
    ]


def _complete(tier: str, at: Boundaries) -> tuple[int, int]:
    """From where and up to where a tier holds everything."""
    return (at.minutes_from if tier == "1m" else 0, at.days_rolled if tier == "1d" else at.rolled)


def _by_what_is_kept(since: int, until: int, at: Boundaries) -> list[Segment]:
    edges = (("1h", 0, at.minutes_from), ("1m", at.minutes_from, at.raw_from), ("raw", at.raw_from, ALWAYS))
    found = [Segment(tier, max(since, low), min(until, high)) for tier, low, high in edges]
    return [segment for segment in found if segment.since < segment.until]


def _joined(parts: Sequence[Segment]) -> list[Segment]:
    """Neighbours of the same tier made one."""
    found: list[Segment] = []
    for part in parts:
        if found and found[-1].tier == part.tier and found[-1].until == part.since:
            found[-1] = Segment(part.tier, found[-1].since, part.until)
        else:
            found.append(part)
    return found


def relation(series: Series, tier: str, since: int, until: int, at: Boundaries) -> str:
    """A subselect with the rows of a span, moments as constants by which the engine skips what it need not read."""
    if series.once:
        return ident(series.name)
    parts = segments(tier, since, until, at) or [Segment("raw", since, since)]
    return "(" + " UNION ALL ".join(_select(series, part) for part in parts) + ")"


def create(cursor: duckdb.DuckDBPyConnection, layout: Layout, boundaries: dict[str, Boundaries]) -> None:
    """Make every view anew."""
    for series in layout.series.values():
        create_one(cursor, series, boundaries.get(series.name, Boundaries()))


def create_one(cursor: duckdb.DuckDBPyConnection, series: Series, at: Boundaries) -> None:
    """Make the views of a series anew, which has to happen in the transaction that moves its boundaries."""
    whole = [Segment("raw", 0, ALWAYS)] if series.once else _by_what_is_kept(0, ALWAYS, at)
    for name, parts in ((f"{series.name}_raw", [Segment("raw", 0, ALWAYS)]), (series.name, whole)):
        body = "\nUNION ALL\n".join(_select(series, part) for part in parts)
        cursor.execute(f"CREATE OR REPLACE VIEW {ident(name)} AS {body}")


def _select(series: Series, part: Segment) -> str:
    columns = ", ".join(map(ident, series.columns))
    if part.tier in TIERS:
        columns = columns.replace(ident(TS.name), f"{ident(TS.name)}::TIMESTAMP AS {ident(TS.name)}", 1)
    where = between(part.tier, part.since, part.until if part.until < ALWAYS else None)
    return " UNION ALL ".join(
        sql("segment", columns=columns, table=ident(table), where=where) for table in _tables(series, part.tier)
    )


def _tables(series: Series, tier: str) -> tuple[str, ...]:
    if series.once:
        return (f"{series.name}_open",)
    return (f"{series.name}_open", f"{series.name}_closed") if tier == "raw" else (f"{series.name}_{tier}",)
