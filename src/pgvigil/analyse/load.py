"""Database load: sessions working or waiting, on average, by what they were doing."""

from collections.abc import Mapping
from dataclasses import dataclass

from pgvigil.analyse.queries import Reader, run
from pgvigil.analyse.span import Span, chart_span
from pgvigil.analyse.waits import CLASSES


@dataclass(frozen=True, slots=True)
class Load:
    """Average active sessions of every wait class, a value for each step of `span`; None where no sample was taken."""

    span: Span
    values: Mapping[str, tuple[float | None, ...]]


def chart_of(reader: Reader, since: int, until: int) -> Span:
    """The steps of a chart of load. Rounding outwards may make the span one that is read from coarser rows."""
    span = chart_span(since, until, reader.grain("sessions", since, until))
    return chart_span(since, until, reader.grain("sessions", span.since, span.until))


def load(reader: Reader, target: int, span: Span) -> Load:
    """Average active sessions of `target` over `span`: sessions counted over samples taken, never over seconds."""
    counted: dict[tuple[int, str], float] = {}
    known: set[int] = set()
    parameters = {"target": target, **span.parameters}
    for step, name, seen, taken in run(
        reader, "load", ("passes", "sessions"), span.since, span.until, parameters, span.step
    ):
        known.add(step)
        if name is not None:
            counted[step, name] = seen / taken
    steps = range(1, span.count + 1)
    return Load(
        span,
        {name: tuple(counted.get((step, name), 0.0) if step in known else None for step in steps) for name in CLASSES},
    )
