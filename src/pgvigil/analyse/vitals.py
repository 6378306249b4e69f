"""The vitals: the few numbers that tell how a server is, each the tile of a panel and compared with another span."""

from collections.abc import Iterable
from dataclasses import dataclass

from pgvigil.analyse.panels import Values, known
from pgvigil.analyse.queries import Reader
from pgvigil.analyse.span import Span, spark_span
from pgvigil.catalog.panels import Drawing, Panel


@dataclass(frozen=True, slots=True)
class Vital:
    """A vital over a span: `value` and `previous` are None where nothing is known; `spark` has a value a step; `read`
    says whether anything was read in the span."""

    panel: Panel
    drawing: Drawing
    title: str
    value: float | None
    previous: float | None
    spark: Values
    read: bool


def vitals(
    reader: Reader, panels: Iterable[Panel], target: int, since: int, until: int, compared: tuple[int, int] | None
) -> tuple[Vital, ...]:
    """Every vital of `target` over (`since`, `until`], in microseconds, and over the span it is compared with."""
    found = (vital(reader, panel, target, since, until, compared) for panel in panels)
    return tuple(one for one in found if one is not None)


def vital(
    reader: Reader, panel: Panel, target: int, since: int, until: int, compared: tuple[int, int] | None = None
) -> Vital | None:
    """The vital of one panel; None where it has none."""
    drawing = panel.asked
    if drawing is None or drawing.tile is None:
        return None
    grain = max(reader.grain(name, since, until) for name in drawing.read)
    now = known(reader, panel, drawing, target, spark_span(since, until, grain))
    # Asked apart: rows of a coarser tier are exact at the ends of a span, not at a moment within it.
    before = None if compared is None else Span(*compared, compared[1] - compared[0])
    return Vital(
        panel,
        drawing,
        drawing.tile,
        value=now.total(),
        previous=None if before is None else known(reader, panel, drawing, target, before).total(),
        spark=now.totals(),
        read=bool(now.read),
    )
