"""A span of time cut into equal steps, as charts and sparks need it."""

from dataclasses import dataclass

from pgvigil.analyse.queries import Reader

SECOND = 1_000_000
DAY = 86_400 * SECOND
STEPS_WANTED = 240
"""About how many points a chart shows: more can't be told apart on a screen."""

SPARK_STEPS = 48
"""How many points a spark shows."""

NICE = (10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)
"""Lengths of a step in seconds: multiples of the ten seconds of a reading that people count in."""


@dataclass(frozen=True, slots=True)
class Span:
    """The interval (`since`, `until`] in microseconds, cut into `count` steps of `step` microseconds.

    Step n, from 1, is (`origin` + (n - 1) * `step`, `origin` + n * `step`]: a reading belongs to the step in which its
    interval ends. The first and the last may be cut off by the interval's ends.
    """

    since: int
    until: int
    step: int
    begins: int | None = None

    @property
    def origin(self) -> int:
        """Where the first step begins: at `since`, if not before."""
        return self.since if self.begins is None else self.begins

    @property
    def count(self) -> int:
        """How many steps there are."""
        return -(-(self.until - self.origin) // self.step)

    @property
    def ends(self) -> tuple[int, ...]:
        """The end of every step, in microseconds."""
        return tuple(self.origin + (n + 1) * self.step for n in range(self.count))

    @property
    def parameters(self) -> dict[str, int]:
        """What the queries of this package take."""
        return {"since": self.since, "until": self.until, "step": self.step, "origin": self.origin}


def chart_span(since: int, until: int, grain: int) -> Span:
    """A span of about STEPS_WANTED nice steps that holds (`since`, `until`], its ends rounded outwards to steps.

    No step is shorter than `grain`, the seconds of the coarsest rows that tell of it: between these nothing is known.
    """
    wanted = max((until - since) / SECOND / STEPS_WANTED, grain)
    step = next((nice for nice in NICE if nice >= wanted), NICE[-1]) * SECOND
    return Span(since // step * step, -(-until // step) * step, step)


def chart_spans(
    reader: Reader, probe: str, since: int, until: int, compared: tuple[int, int] | None
) -> tuple[Span, Span | None]:
    """The steps of a chart of a probe, and those they are compared with: the same, earlier by whole steps."""
    grains = [reader.grain(probe, *one) for one in ((since, until), compared) if one is not None]
    span = chart_span(since, until, max(grains))
    if compared is None:
        return span, None
    shift = -((compared[0] - since) // span.step) * span.step
    return span, Span(span.since - shift, span.until - shift, span.step)


def spark_span(since: int, until: int, grain: int, count: int = SPARK_STEPS) -> Span:
    """A span of `count` steps, or fewer where they would be shorter than `grain` seconds. Steps of more than half a
    day are whole days of UTC, as rows by the day are: these are a twenty-fourth of those by the hour."""
    fitting = max(min(count, (until - since) // (grain * SECOND)), 1)
    step = -(-(until - since) // fitting)
    if step <= DAY // 2:
        return Span(since, until, step)
    midnight = since // DAY * DAY
    step = -(-(until - midnight) // fitting)
    return Span(since, until, -(-step // DAY) * DAY, midnight)
