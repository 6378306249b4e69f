"""The span of time of a request, and the one it is compared with."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import Query, Request

from pgvigil.serve.problems import ProblemError
from pgvigil.serve.watch import Watch

SECOND = 1_000_000
MINUTE = 60
HOUR = 3600
DAY = 86_400
LONGEST = 400 * DAY
FAR = 253_402_300_800.0  # the year 10000: what a date can still be made of

Moment = Annotated[float, Query(ge=0, le=FAR, allow_inf_nan=False, description="Seconds since the epoch, UTC")]


class Comparison(StrEnum):
    """Which span of the same length a span is compared with: the one right before it, or the same time earlier."""

    PREVIOUS = "previous"
    DAY = "day"
    WEEK = "week"
    NONE = "none"


_SHIFTS = {Comparison.DAY: DAY * SECOND, Comparison.WEEK: 7 * DAY * SECOND}


@dataclass(frozen=True, slots=True)
class Range:
    """(`since`, `until`] in microseconds, and with which span it is compared."""

    since: int
    until: int
    comparison: Comparison = Comparison.PREVIOUS

    @property
    def compared(self) -> tuple[int, int] | None:
        """The span it is compared with; None where with none."""
        if self.comparison is Comparison.NONE:
            return None
        shift = _SHIFTS.get(self.comparison, self.until - self.since)
        return self.since - shift, self.until - shift


def requested_range(
    request: Request,
    from_: Annotated[Moment | None, Query(alias="from", description="Begin; by default an hour before `to`")] = None,
    to: Annotated[Moment | None, Query(description="End; by default now")] = None,
    compare: Annotated[Comparison, Query(description="With which span of the same length")] = Comparison.PREVIOUS,
) -> Range:
    """The range of a request, from a minute to 400 days long, not beginning in the future."""
    watch: Watch = request.app.state.watch
    now = watch.clock() / SECOND
    until = now if to is None else to
    since = max(until - HOUR, 0) if from_ is None else from_
    given = "to" if from_ is None else "from"
    if since > now:
        raise ProblemError(422, "bad_range", f"The span begins at {since:.0f}, after now, {now:.0f}.", given)
    if not MINUTE <= until - since <= LONGEST:
        told = f"The span is {until - since:.0f} s long; allowed: from 1 minute to 400 days."
        raise ProblemError(422, "bad_range", told, "from" if to is None else "to")
    return Range(int(since * SECOND), int(until * SECOND), compare)
