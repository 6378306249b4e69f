"""How long each measurement takes: the whole bench, or the quick one whose figures are indications."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Plan:
    """Durations in seconds, and sizes. `work` is a directory that the sections share."""

    quick: bool
    seed: int
    work: Path
    warm: float
    """Left out at the start: the first full reading; in the whole bench the texts of all statements too, 200 a pass."""
    window: float
    windows: int
    pair_seconds: float
    pairs: int
    driven_passes: int
    """Passes that go through append and upkeep one by one; the month repeats them."""
    filled: tuple[int, int, int]
    """Hours of the month that are really filled, raw, by the minute and by the hour; what lacks is extrapolated."""
    tables: int
    """Of the server with a large catalog; 0 leaves it out."""
    targets: int
    live_minutes: int
    """That a tab stays open and live."""
    watch: float
    """Seconds that a large catalog, many targets and the peer are watched."""


def full(seed: int, work: Path) -> Plan:
    """About 55 minutes."""
    return Plan(
        quick=False,
        seed=seed,
        work=work,
        warm=300.0,
        window=60.0,
        windows=5,
        pair_seconds=60.0,
        pairs=6,
        driven_passes=720,
        filled=(24, 72, 720),
        tables=10_000,
        targets=30,
        live_minutes=10,
        watch=90.0,
    )


def quick(seed: int, work: Path) -> Plan:
    """Three to four minutes; five are promised."""
    return Plan(
        quick=True,
        seed=seed,
        work=work,
        warm=15.0,
        window=15.0,
        windows=3,
        pair_seconds=5.0,
        pairs=2,
        driven_passes=720,
        filled=(3, 6, 168),
        tables=0,
        targets=0,
        live_minutes=0,
        watch=0.0,
    )
