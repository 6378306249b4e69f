"""The routes of the API: what was asked, answered from the store."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from pgvigil.analyse import happenings
from pgvigil.analyse.vitals import vitals
from pgvigil.serve import answers, schema
from pgvigil.serve.judging import judge_at
from pgvigil.serve.problems import ProblemError
from pgvigil.serve.ranges import Moment, Range, requested_range
from pgvigil.serve.watch import Watch, Watcher

RESPONSES: dict[int | str, dict[str, Any]] = {
    403: {"model": schema.Problem, "description": "Asked from another site"},
    422: {"model": schema.Problem, "description": "A parameter is wrong; it is named"},
    500: {"model": schema.Problem, "description": "A mistake of pgvigil; its log says where"},
    503: {"model": schema.Problem, "description": "The store cannot answer now"},
}
router = APIRouter(prefix="/api/v1", responses=RESPONSES)


def the_watch(request: Request) -> Watch:
    """What the API serves from."""
    watch: Watch = request.app.state.watch
    return watch


Watching = Annotated[Watch, Depends(the_watch)]
Span = Annotated[Range, Depends(requested_range)]
Limit = Annotated[int, Query(ge=1, le=500, description="How many rows at most")]
Offset = Annotated[int, Query(ge=0, le=100_000, description="How many rows to leave out")]


def the_watcher(watch: Watching, name: Annotated[str, Path(description="The name of a target")]) -> Watcher:
    """The collector of the target named in the path."""
    found = watch.watchers.get(name)
    if found is None:
        known = ", ".join(watch.watchers) or "none"
        raise ProblemError(404, "not_found", f"There is no target {name[:80]!r}; known: {known}.", "name")
    return found


One = Annotated[Watcher, Depends(the_watcher)]
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": schema.Problem, "description": "No such target"}}


def written(answer: schema.Answer) -> Response:
    """A long answer as it is sent: as the route's return value it would be checked a second time, value by value."""
    return Response(answer.model_dump_json(), media_type="application/json")


@router.get("/targets")
def get_targets(watch: Watching) -> schema.Targets:
    """Every watched server, its condition with cause and remedy, and what is not visible."""
    return answers.targets(watch)


@router.get("/targets/{name}/verdict", responses=NOT_FOUND)
def get_verdict(
    watch: Watching,
    one: One,
    at: Annotated[Moment | None, Query(description="The moment to judge; by default now")] = None,
) -> schema.Verdict:
    """Is it well: the worst that a rule finds, with the culprit's name, or why that cannot be told."""
    found = judge_at(watch, one, None if at is None else int(at * 1_000_000))
    return answers.verdict(found.at, found.verdict, found.rules)


@router.get("/targets/{name}/vitals", responses=NOT_FOUND, response_model=schema.Vitals)
def get_vitals(watch: Watching, one: One, span: Span) -> Response:
    """The vitals of a span, each compared with another span of the same length."""
    panels = watch.panels.values()
    found = vitals(watch.store, panels, one.target.id, span.since, span.until, span.compared)
    return written(answers.vitals(one, span, found))


@router.get("/targets/{name}/events", responses=NOT_FOUND)
def get_events(watch: Watching, one: One, span: Span, limit: Limit = 50, offset: Offset = 0) -> schema.Events:
    """What happened in a span, latest first."""
    page = happenings.events(watch.store, one.target.id, span.since, span.until, limit=limit, offset=offset)
    return answers.events(span, page, limit=limit, offset=offset)
