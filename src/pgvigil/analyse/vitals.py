"""The vitals: the few numbers that tell how a server is, each compared with the span of the same length before."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pgvigil.analyse.queries import Reader, run
from pgvigil.analyse.span import Span, spark_span


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
    """A vital over a span: `value` and `previous` are None where nothing is known; `spark` has a value a step."""

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
    return tuple(_vital(reader, target, since, until, definition) for definition in definitions())


def _vital(reader: Reader, target: int, since: int, until: int, definition: Definition) -> Vital:
    grain = max(reader.grain(probe, since, until) for probe in definition.probes)
    now = spark_span(since, until, grain)
    # Asked apart: rows of a coarser tier are exact at the ends of a span, not at a moment within it.
    before = Span(2 * since - until, since, until - since)
    parts = _parts(reader, target, now, definition)
    return Vital(
        definition,
        value=_ratio(list(parts.values())),
        previous=_ratio(list(_parts(reader, target, before, definition).values())),
        spark=tuple(_ratio([parts[step]] if step in parts else []) for step in range(1, now.count + 1)),
    )


def _parts(reader: Reader, target: int, span: Span, definition: Definition) -> dict[int, tuple[float, float]]:
    """Numerator and denominator by step, of the steps of which something is known."""
    parameters = {"target": target, **span.parameters}
    rows = run(reader, f"vitals/{definition.key}", definition.probes, span.since, span.until, parameters, span.step)
    return {step: (top, bottom) for step, top, bottom in rows if top is not None and bottom}


def _ratio(parts: Sequence[tuple[float, float]]) -> float | None:
    """The sum of the tops over the sum of the bottoms: a mean weighted by what was looked at, not a mean of means."""
    bottom = sum(part[1] for part in parts)
    return float(sum(part[0] for part in parts)) / float(bottom) if bottom else None
