"""What a panel shows of a span: its values by step, what of them is uncertain, and the span it is compared with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pgvigil.analyse.queries import Reader
from pgvigil.analyse.span import NICE, SECOND, Span, chart_span
from pgvigil.catalog.errors import CatalogError, unknown
from pgvigil.catalog.panels import COLUMNS, SQL_FILE, Drawing, Panel, PanelKind

Values = tuple[float | None, ...]
Part = tuple[float, float]
"""Numerator and denominator of one value."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was read of a panel over `span`, by step (from 1). `parts` are by step and series, None where a row says
    that its number is not known; a step of `read` without a `whole`, its denominator, had nothing to measure.
    `uncertain` are steps whose numbers may be wrong in part."""

    panel: Panel
    drawing: Drawing
    span: Span
    parts: Mapping[tuple[int, str], Part | None]
    whole: Mapping[int, float]
    read: frozenset[int]
    uncertain: frozenset[int]

    def values(self, key: str) -> Values:
        """The values of a series, one a step."""
        parts = (self._part(step, key) for step in self._steps)
        return tuple(part[0] / part[1] if part is not None and part[1] else None for part in parts)

    def totals(self) -> Values:
        """Of each step what the panel's tile is of the whole span."""
        return tuple(_ratio(self._of(step)) for step in self._steps)

    def total(self) -> float | None:
        """The panel's one number for the span: the sum of the one over the sum of the other, so that every step weighs
        as much as was seen of it."""
        return _ratio([part for step in self._steps for part in self._of(step)])

    @property
    def _steps(self) -> range:
        return range(1, self.span.count + 1)

    def _part(self, step: int, key: str) -> Part | None:
        """A layer without a row is 0 where the others were looked at; a line is not known then."""
        if (step, key) in self.parts or self.panel.kind is not PanelKind.STACKED or step not in self.whole:
            return self.parts.get((step, key))
        return 0.0, self.whole[step]

    def _of(self, step: int) -> list[Part]:
        """Numerator and denominator of a step; layers share their denominator, so their numerators add up."""
        parts = [self._part(step, series.key) for series in self.drawing.series]
        tops = [part[0] for part in parts if part is not None]
        return [(sum(tops), self.whole[step])] if len(tops) == len(parts) else []


def _ratio(parts: Sequence[Part]) -> float | None:
    bottom = sum(part[1] for part in parts)
    return float(sum(part[0] for part in parts)) / float(bottom) if bottom else None


def known(reader: Reader, panel: Panel, drawing: Drawing, target: int, span: Span) -> Known:
    """What the store knows of a panel of `target`."""
    relations = {name: reader.relation(name, span.since, span.until, span.step) for name in drawing.read}
    answer = reader.query(drawing.sql.format(**relations), {"target": target, **span.parameters})
    if tuple(answer.names) != COLUMNS:
        told = ", ".join(answer.names)
        raise CatalogError(f"{panel.directory / SQL_FILE}: its columns are {told}; allowed are {', '.join(COLUMNS)}")
    keys = {series.key for series in drawing.series}
    parts: dict[tuple[int, str], Part | None] = {}
    whole: dict[int, float] = {}
    for step, key, top, bottom, _ in answer.rows:
        if key is not None and key not in keys:
            raise unknown(panel.directory / SQL_FILE, "series", key, keys)
        if bottom:
            whole[step] = float(bottom)
            if key is not None:
                parts[step, key] = None if top is None else (float(top), float(bottom))
    uncertain = frozenset(row[0] for row in answer.rows if row[-1])
    return Known(panel, drawing, span, parts, whole, frozenset(row[0] for row in answer.rows), uncertain)


@dataclass(frozen=True, slots=True)
class Line:
    """A series over a chart's steps, and the same at the compared span's; None where with none."""

    key: str
    values: Values
    compared: Values | None


@dataclass(frozen=True, slots=True)
class Chart:
    """A panel over `span`. `compared` is the span of the compared values, in microseconds; `read` says of each step
    whether anything was read in it; `uncertain` are intervals."""

    span: Span
    lines: tuple[Line, ...]
    compared: tuple[int, int] | None
    read: tuple[bool, ...]
    uncertain: tuple[tuple[int, int], ...]


def chart(reader: Reader, panel: Panel, drawing: Drawing, target: int, since: int, until: int, shift: int) -> Chart:
    """A panel over (`since`, `until`], in microseconds, rounded outwards to steps, and over the time `shift` before it,
    0 for none; that is rounded to steps too, so that the one lies on the other."""
    span = chart_of(reader, drawing, since, until)
    now = known(reader, panel, drawing, target, span)
    back = -(-shift // span.step) * span.step
    before = _before(reader, panel, drawing, target, span, back) if back else None
    lines = (Line(it.key, now.values(it.key), None if before is None else before[it.key]) for it in drawing.series)
    return Chart(
        span,
        tuple(lines),
        (span.since - back, span.until - back) if back else None,
        tuple(step in now.read for step in range(1, span.count + 1)),
        _joined(span, now.uncertain),
    )


def chart_of(reader: Reader, drawing: Drawing, since: int, until: int) -> Span:
    """The steps of a chart. Rounding outwards may make the span one that is read from coarser rows."""
    span = chart_span(since, until, _grain(reader, drawing, since, until))
    return chart_span(since, until, _grain(reader, drawing, span.since, span.until))


def _grain(reader: Reader, drawing: Drawing, since: int, until: int) -> int:
    return max(reader.grain(name, since, until) for name in drawing.read)


def _before(reader: Reader, panel: Panel, drawing: Drawing, target: int, span: Span, back: int) -> Mapping[str, Values]:
    """The values of each series `back` microseconds before each step. What is that old may be kept in rows coarser than
    a step: each of them stands for all the steps within it."""
    since, until = span.since - back, span.until - back
    grain = max(_grain(reader, drawing, since, until), span.step // SECOND)
    step = next((nice for nice in NICE if nice >= grain), NICE[-1]) * SECOND
    coarse = Span(since, until, step, since if step == span.step else since // step * step)
    found = known(reader, panel, drawing, target, coarse)
    places = [-(-(end - back - coarse.origin) // step) - 1 for end in span.ends]
    values = {series.key: found.values(series.key) for series in drawing.series}
    return {key: tuple(of[place] for place in places) for key, of in values.items()}


def _joined(span: Span, steps: frozenset[int]) -> tuple[tuple[int, int], ...]:
    """Neighbouring steps as intervals in microseconds."""
    found: list[tuple[int, int]] = []
    for step in sorted(steps):
        begin, end = span.origin + (step - 1) * span.step, span.origin + step * span.step
        if found and found[-1][1] == begin:
            found[-1] = found[-1][0], end
        else:
            found.append((begin, end))
    return tuple(found)
