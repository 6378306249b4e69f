"""The routes of the panels: what each is, and its numbers over a span."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from pgvigil.analyse import happenings
from pgvigil.analyse.panels import Chart, chart
from pgvigil.catalog.panels import Drawing, Panel
from pgvigil.serve import panel_models as models
from pgvigil.serve import schema
from pgvigil.serve.answers import event, gap, limit_of, seconds, unseen
from pgvigil.serve.problems import ProblemError
from pgvigil.serve.routes import NOT_FOUND, RESPONSES, One, Span, Watching, written
from pgvigil.serve.watch import Watcher

router = APIRouter(prefix="/api/v1", responses=RESPONSES)


@router.get("/panels")
def get_panels(watch: Watching) -> models.Panels:
    """Every panel with its title, reason, meaning, usual causes, what to do, and where it comes from."""
    return models.Panels(panels=tuple(_definition(panel) for panel in watch.panels.values()))


@router.get("/targets/{name}/panels/{panel}", responses=NOT_FOUND, response_model=models.PanelData)
def get_panel(
    watch: Watching, one: One, span: Span, panel: Annotated[str, Path(description="The name of a panel")]
) -> Response:
    """The numbers of a panel over a span and over the one it is compared with, with gaps and what happened."""
    found = watch.panels.get(panel)
    drawing = None if found is None else found.asked
    if found is None or drawing is None:
        known = ", ".join(name for name, it in watch.panels.items() if it.asked is not None)
        raise ProblemError(
            404, "not_found", f"There are no numbers of a panel {panel[:80]!r}; known: {known}.", "panel"
        )
    shift = 0 if span.compared is None else span.since - span.compared[0]
    drawn = chart(watch.store, found, drawing, one.target.id, span.since, span.until, shift)
    begin, end = drawn.span.since, drawn.span.until
    probe = next(iter(drawing.probes), "sessions")
    gaps = happenings.gaps(watch.store, one.target.id, probe, begin, end, limit=schema.CHART_GAPS)
    happened = happenings.events(watch.store, one.target.id, begin, end, limit=schema.CHART_EVENTS)
    return written(_data(one, drawing, drawn, gaps, happened))


def _definition(panel: Panel) -> models.PanelDefinition:
    return models.PanelDefinition(
        name=panel.name,
        title=panel.title,
        why=panel.why,
        page=panel.page,
        means=panel.means,
        causes=panel.causes,
        todo=panel.todo,
        source=panel.source,
        computed=panel.computed,
        drawn=None if panel.drawing is None else _drawn(panel, panel.drawing),
    )


def _drawn(panel: Panel, drawing: Drawing) -> models.Drawn:
    return models.Drawn(
        kind=models.kind(panel.kind),
        unit=drawing.unit,
        better=drawing.better,
        series=tuple(
            models.SeriesDefinition(key=it.key, title=it.title, help=it.help, colour=it.colour) for it in drawing.series
        ),
        limit_title=None if drawing.limit is None else drawing.limit.title,
        at_least=drawing.at_least,
        close_up=drawing.close_up,
    )


def _data(
    watcher: Watcher, drawing: Drawing, found: Chart, gaps: happenings.Gaps, happened: happenings.Page
) -> models.PanelData:
    return models.PanelData(
        since=seconds(found.span.since),
        until=seconds(found.span.until),
        step=seconds(found.span.step),
        ts=tuple(seconds(end) for end in found.span.ends),
        series=tuple(
            models.PanelSeries(key=line.key, values=line.values, compared=line.compared) for line in found.lines
        ),
        read=found.read,
        compared=None if found.compared is None else _interval(found.compared),
        limit=limit_of(watcher, drawing.limit),
        uncertain=tuple(_interval(it) for it in found.uncertain),
        gaps=tuple(gap(it) for it in gaps.gaps),
        gaps_total=gaps.total,
        events=tuple(event(it) for it in happened.events),
        events_total=happened.total,
        not_visible=unseen(watcher, drawing.probes),
    )


def _interval(found: tuple[int, int]) -> models.Interval:
    return models.Interval(since=seconds(found[0]), until=seconds(found[1]))
