"""Database load: sessions working or waiting, on average, by what they were doing."""

from collections.abc import Mapping
from dataclasses import dataclass

from pgvigil.analyse.queries import Reader, run
from pgvigil.analyse.span import Span
from pgvigil.analyse.waits import CLASSES


@dataclass(frozen=True, slots=True)
class Load:
    """Average active sessions of every wait class, a value for each step of `span`; None where no sample was taken."""

    span: Span
    values: Mapping[str, tuple[float | None, ...]]


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
