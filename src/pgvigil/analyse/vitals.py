"""The vitals: the few numbers that tell how a server is, each compared with the span of the same length before."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pgvigil.analyse.queries import Reader, run
from pgvigil.analyse.span import Span, spark_span

SPARK_STEPS = 48


@dataclass(frozen=True, slots=True)
class Definition:
    """What a vital is, as `vitals.toml` says."""

    key: str
    title: str
    why: str
    unit: str
    better: str
    probes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vital:
    """A vital over a span: `value` and `previous` are None where nothing is known; `spark` has SPARK_STEPS values."""

    definition: Definition
    value: float | None
    previous: float | None
    spark: tuple[float | None, ...]


@cache
def definitions() -> tuple[Definition, ...]:
    """Every vital, in the order in which they are shown."""
    content = tomllib.loads((files("pgvigil.analyse") / "vitals.toml").read_text(encoding="utf-8"))
    return tuple(Definition(**{**entry, "probes": tuple(entry["probes"])}) for entry in content["vital"])


def vitals(reader: Reader, target: int, since: int, until: int) -> tuple[Vital, ...]:
    """Every vital of `target` over (`since`, `until`], in microseconds, and over the span before."""
    both = spark_span(2 * since - until, until, 2 * SPARK_STEPS)
    return tuple(_vital(reader, target, both, definition) for definition in definitions())


def _vital(reader: Reader, target: int, both: Span, definition: Definition) -> Vital:
    parameters = {"target": target, **both.parameters}
    rows = run(reader, f"vitals/{definition.key}", definition.probes, both.since, both.until, parameters)
    parts = {step: (top, bottom) for step, top, bottom in rows if top is not None and bottom}
    before, now = range(1, SPARK_STEPS + 1), range(SPARK_STEPS + 1, 2 * SPARK_STEPS + 1)
    return Vital(
        definition,
        value=_ratio([parts[step] for step in now if step in parts]),
        previous=_ratio([parts[step] for step in before if step in parts]),
        spark=tuple(_ratio([parts[step]] if step in parts else []) for step in now),
    )


def _ratio(parts: Sequence[tuple[float, float]]) -> float | None:
    """The sum of the tops over the sum of the bottoms: a mean weighted by what was looked at, not a mean of means."""
    bottom = sum(part[1] for part in parts)
    return float(sum(part[0] for part in parts)) / float(bottom) if bottom else None
