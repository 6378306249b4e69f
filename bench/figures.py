"""Medians, percentiles and the interval of paired differences."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

# Student's t for a two-sided 95 % interval, by degrees of freedom 1 to 30.
_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
_T_MANY = 1.960


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and the ends of its 95 % interval, in the unit of the values."""

    mean: float
    low: float
    high: float
    n: int


def interval(values: Sequence[float]) -> Interval:
    """The 95 % interval of the mean (Student's t); infinite ends for fewer than two values."""
    n = len(values)
    if n == 0:
        raise ValueError("no values")
    mean = statistics.fmean(values)
    if n == 1:
        return Interval(mean, -math.inf, math.inf, 1)
    t = _T[n - 2] if n - 1 <= len(_T) else _T_MANY
    half = t * statistics.stdev(values) / math.sqrt(n)
    return Interval(mean, mean - half, mean + half, n)


def losses(pairs: Sequence[tuple[float, float]]) -> list[float]:
    """Per pair (without, with), the percentage lost; negative where more was done with us."""
    return [100.0 * (without - with_us) / without for without, with_us in pairs]


def percentile(values: Sequence[float], at: float) -> float:
    """The value below which `at` percent lie, between two neighbours in proportion."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    place = (len(ordered) - 1) * at / 100.0
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return percentile(values, 50.0)


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Median and range, for the column that says how."""
    return f"median of {len(values)}, {min(values):.{digits}f} to {max(values):.{digits}f}"
