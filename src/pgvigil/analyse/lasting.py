"""Since when what a rule finds has been so."""

from itertools import pairwise

from pgvigil.analyse.queries import Reader
from pgvigil.analyse.subjects import SECOND, Subject, subjects

BACK = (0, 30, 60, 120, 240, 480, 960, 1920, 3840)
"""How many seconds before the present is looked at, one after the other."""

CLOSE = 15
"""Seconds: a beginning known as closely is known well enough; numbers come every ten."""


def lasting_since(reader: Reader, subject: Subject, target: int, now: int, cpus: float | None) -> int | None:
    """The earliest moment, in microseconds and to CLOSE seconds, from which the subject's rule found it each time that
    was looked at; None where that is longer ago than looked back."""

    def found(ago: int) -> bool:
        then = subjects(reader, [subject.rule], target, now - ago * SECOND, cpus)
        return any(each.key == subject.key for each in then)

    ends = next(((yes, no) for yes, no in pairwise(BACK) if not found(no)), None)
    if ends is None:
        return None
    yes, no = ends
    while no - yes > CLOSE:
        middle = (yes + no) // 2
        yes, no = (middle, no) if found(middle) else (yes, middle)
    return now - yes * SECOND
