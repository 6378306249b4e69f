"""The route of the load in slices."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from pgvigil.analyse import happenings
from pgvigil.analyse.load import Dimension, Load, Slice, load
from pgvigil.serve import load_schema as models
from pgvigil.serve.answers import gap, invisible, seconds
from pgvigil.serve.panel_models import Interval
from pgvigil.serve.routes import NOT_FOUND, RESPONSES, One, Span, Watching, written
from pgvigil.serve.schema import CHART_GAPS
from pgvigil.serve.statement_answers import by_class
from pgvigil.serve.watch import Watcher

router = APIRouter(prefix="/api/v1", responses=RESPONSES)

ANY = "any"
Only = Annotated[str | None, Query(max_length=200, description="Only sessions of this slice; empty for those of none")]


@router.get("/waits")
def get_waits(watch: Watching) -> models.WaitEvents:
    """Every wait event with what it means. Servers newer than these words, and extensions, have events beyond."""
    return models.WaitEvents(
        events=tuple(
            models.WaitEvent(event=f"{it.type}:{it.name}", means=it.means, todo=it.todo) for it in watch.waits.values()
        )
    )


@router.get("/targets/{name}/load", responses=NOT_FOUND, response_model=models.Load)
def get_load(
    watch: Watching,
    one: One,
    span: Span,
    *,
    by: Annotated[Dimension, Query(description="What the load over time is sliced by")] = Dimension.CLASS,
    class_: Annotated[Only, Query(alias="class")] = None,
    event: Only = None,
    statement: Only = None,
    user: Only = None,
    application: Only = None,
    database: Only = None,
    client: Only = None,
    state: Annotated[
        str, Query(max_length=200, description=f"Only sessions in this state; {ANY!r} for all")
    ] = "active",
) -> Response:
    """Average active sessions as sampled each second: over time by slices, and the largest slices of each dimension."""
    only = {
        Dimension.CLASS: class_,
        Dimension.EVENT: event,
        Dimension.STATEMENT: statement,
        Dimension.USER: user,
        Dimension.APPLICATION: application,
        Dimension.DATABASE: database,
        Dimension.CLIENT: client,
        Dimension.STATE: None if state == ANY else state,
    }
    chosen = {dimension: name for dimension, name in only.items() if name is not None}
    found = load(watch.store, one.target.id, span.since, span.until, by, chosen, compared=span.compared)
    gaps = happenings.gaps(
        watch.store, one.target.id, "sessions", found.span.since, found.span.until, limit=CHART_GAPS
    )  # fmt: skip
    return written(_answer(one, by, found, gaps))


def _answer(one: Watcher, by: Dimension, found: Load, gaps: happenings.Gaps) -> models.Load:
    steps, earlier = found.span, found.earlier
    return models.Load(
        since=seconds(steps.since),
        until=seconds(steps.until),
        step=seconds(steps.step),
        ts=tuple(seconds(end) for end in steps.ends),
        by=by,
        courses=tuple(models.LoadCourse(name=it.name, values=it.values) for it in found.courses),
        read=found.read,
        samples=found.taken,
        average=found.average,
        tops=tuple(
            models.LoadTop(dimension=dimension, names=top.names, slices=tuple(_slice(it) for it in top.slices))
            for dimension, top in found.tops.items()
        ),
        compared=None if earlier is None else Interval(since=seconds(earlier.since), until=seconds(earlier.until)),
        before=found.before,
        limit=one.target.cpus,
        gaps=tuple(gap(it) for it in gaps.gaps),
        gaps_total=gaps.total,
        not_visible=invisible(one, "sessions"),
    )


def _slice(found: Slice) -> models.LoadSlice:
    return models.LoadSlice(
        name=found.name, text=found.text, load=found.load, share=found.share, by_class=by_class(found.classes)
    )
