"""What a month of load R takes in the store, and how fast the page's requests are answered over it."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from bench import pool
from bench.figures import median, percentile
from bench.latency import measure
from bench.plan import Plan
from bench.posts import commit, posts
from bench.promises import OF
from bench.repeat import TIERS, Month, bytes_a_row, days, fill, tier_size, used
from bench.section import Result
from bench.simulate import STEP, Passes
from bench.table import Row, at_most
from pgvigil import catalog
from pgvigil.catalog.types import Catalog
from pgvigil.model import Secret
from pgvigil.store import Store, open_store
from pgvigil.store.boundaries import HOUR, MINUTE, SECOND
from pgvigil.store.engine import Engine

FILE = "month.db"
"""Below the plan's work directory: the store of the month, which the page is measured over."""

END = 1_790_000_000_000_000 // HOUR * HOUR
KEY = Secret("a key that only the month uses")
PROMISES = OF["month"]
WHOLE = 30
"""Days of the month that is promised."""

AN_HOUR = 360
"""Passes."""
KEPT = (48, 14 * 24, 30 * 24)
"""Hours of each tier of TIERS that a store of a month has."""

DAYS = "1d"
"""The tier that upkeep makes of the filled hours."""

LARGE = frozenset({"statements", "tables", "indexes"})
"""The series of which not all hours are filled; all others are, for their tables would be too small to tell from. The
quick bench fills few of all."""

Rows = tuple[int, float]


@dataclass(frozen=True, slots=True)
class Kept:
    """What the driven hours and the month take: rows and bytes a row by table, MB in use and free in the file."""

    commits: Sequence[float]
    raw: Rows
    driven: Mapping[str, Rows]
    month: Mapping[str, Rows]
    series: Mapping[str, float]
    """MB by series, of the large ones stretched to the whole month."""
    size: float
    """MB of a month of WHOLE days."""
    free: float
    filling: float


def run(plan: Plan) -> Result:
    """All rows that need the month."""
    found = catalog.load()
    passes = Passes(found, pool.load(plan, found), plan.seed)
    hours = max(2, round(plan.driven_passes * STEP * SECOND / HOUR))
    month = Month(END - days(WHOLE), END, hours, plan.filled)
    url = f"duckdb://{plan.work / FILE}"
    kept = _keep(url, found, passes, month, LARGE if not plan.quick else frozenset(found.probes))
    store = open_store(url, KEY, found)
    asked = measure(store, found, passes, month.end, plan)
    store.close()
    return Result([*_sizes(plan, kept, hours), *asked.rows], [*_notes(kept, hours), *asked.notes])


def _keep(url: str, found: Catalog, passes: Passes, month: Month, partly: frozenset[str]) -> Kept:
    """Drive the first hours, then fill the rest of the month; of the series named `partly` only what `month` says."""
    store = open_store(url, KEY, found)
    series = [one for one in store.layout.series.values() if not one.once]
    store.target_id("load-r", 2.0, {})
    store.append([passes.texts(month.start + 1)])
    commits = _drive(store, passes, month.start, 0)
    store.close()
    with _engine(store) as engine:
        raw = bytes_a_row(engine, "statements_open")
    store = open_store(url, KEY, found)
    for hour in range(1, month.driven):
        commits += _drive(store, passes, month.start, hour)
    _upkeep(store, month.start + month.driven * HOUR + 2 * MINUTE)
    store.close()
    with _engine(store) as engine:
        driven = {tier: bytes_a_row(engine, f"statements_{tier}") for tier in TIERS}
        began = time.monotonic()
        fill(engine, [one for one in series if one.name in partly], month)
        fill(engine, [one for one in series if one.name not in partly], replace(month, filled=KEPT))
    store = open_store(url, KEY, found)
    _upkeep(store, month.end + 2 * MINUTE)
    store.close()
    with _engine(store) as engine:
        filling = time.monotonic() - began
        month_rows = {tier: bytes_a_row(engine, f"statements_{tier}") for tier in (*TIERS, DAYS)}
        tiers = {one.name: [tier_size(engine, one.name, tier) for tier in (*TIERS, DAYS)] for one in series}
        in_use, free = used(engine)
    more = {name: _lacking(month, sizes) for name, sizes in tiers.items() if name in partly}
    sizes = {name: sum(found) + more.get(name, 0.0) for name, found in tiers.items()}
    return Kept(commits, raw, driven, month_rows, sizes, in_use + sum(more.values()), free, filling)


def _lacking(month: Month, sizes: Sequence[float]) -> float:
    """MB of the hours that were not filled, in proportion to those that were."""
    return sum(size * (month.stretched(tier, hours) - 1) for tier, hours, size in zip(TIERS, KEPT, sizes, strict=False))


@contextmanager
def _engine(store: Store) -> Iterator[Engine]:
    """The file of a store that was closed, everything brought from its log into it."""
    engine = Engine(store.location, KEY)
    try:
        engine.checkpoint()
        yield engine
    finally:
        engine.close()


def _drive(store: Store, passes: Passes, start: int, hour: int) -> list[float]:
    """Append the passes of an hour, with the upkeep beside them; milliseconds of each transaction."""
    took = []
    for ts, batches in passes.of(start + hour * HOUR, AN_HOUR, first=2 + hour * AN_HOUR):
        took += [commit(store, post) for post in posts(batches, store.layout.probes)]
        if ts % MINUTE == 0:
            _upkeep(store, ts)
    return took


def _upkeep(store: Store, now: int) -> None:
    while store.maintain(now):
        pass


def _notes(kept: Kept, hours: int) -> list[str]:
    return [
        *(
            f"statements_{tier}: driven {kept.driven[tier][0]:,} rows of {kept.driven[tier][1]:.1f} B, "
            f"month {kept.month[tier][0]:,} rows of {kept.month[tier][1]:.1f} B"
            for tier in TIERS
        ),
        f"statements_{DAYS}: month {kept.month[DAYS][0]:,} rows of {kept.month[DAYS][1]:.1f} B",
        f"The month was filled from {hours} driven h in {kept.filling:.0f} s, {kept.free:.0f} MB free; MB by series: "
        + ", ".join(f"{name} {size:.1f}" for name, size in sorted(kept.series.items(), key=lambda one: -one[1])),
    ]


def _hours(plan: Plan) -> str:
    return ", ".join(str(hours) for hours in plan.filled)


def _commits(plan: Plan, took: Sequence[float]) -> Row:
    at_95 = percentile(took, 95)
    return Row(
        "commits", *PROMISES["commits"], f"{at_95:.1f} ms (median {median(took):.1f}, longest {max(took):.0f})",
        f"{len(took)} transactions of the driven hours (samples, passes, visits of databases), from BEGIN on, upkeep "
        "between them",
        at_most(at_95, 20.0, quick=plan.quick),
    )  # fmt: skip


def _sizes(plan: Plan, kept: Kept, hours: int) -> Sequence[Row]:
    how = f"real rows of load R, Zipf 1.2, {hours} h through append and upkeep"
    (raw_rows, raw), (sorted_rows, after) = kept.raw, kept.driven["closed"]
    return [
        Row(
            "row_raw", *PROMISES["row_raw"], f"{raw:.1f} B",
            f"{raw_rows:,} rows of 50 columns, encrypted; blocks of the table by rows; {how}",
            at_most(raw, 35.0, quick=plan.quick),
        ),
        Row(
            "row_sorted", *PROMISES["row_sorted"], f"{after:.1f} B",
            f"{sorted_rows:,} rows, the same after upkeep", at_most(after, 20.0, quick=plan.quick),
        ),
        _commits(plan, kept.commits),
        Row(
            "month", *PROMISES["month"], f"{kept.size:.0f} MB (extrapolated)",
            f"raw 48 h, 1 min 14 days, 1 h and 1 d 30 days, all probes, from {hours} driven h; of "
            f"{'all' if plan.quick else 'statements, tables and indexes'} {_hours(plan)} h of these, the rest in "
            "proportion",
            at_most(kept.size, 700.0, quick=plan.quick),
        ),
    ]  # fmt: skip
