"""The routes of the API that tell of statements."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from pgvigil.analyse import happenings
from pgvigil.analyse.statement import statement
from pgvigil.analyse.statement_groups import statement_groups
from pgvigil.analyse.statements import BLOCK_SIZE, LETTERS, LETTERS_OF_MANY, Filter, statements
from pgvigil.analyse.statements import Order as Wanted
from pgvigil.serve import schema, statement_answers
from pgvigil.serve import statement_schema as models
from pgvigil.serve.problems import ProblemError
from pgvigil.serve.routes import NOT_FOUND, RESPONSES, Offset, One, Span, Watching, written
from pgvigil.serve.watch import Watcher

router = APIRouter(prefix="/api/v1", responses=RESPONSES)

MOST = 5_000
"""How many statements one answer holds: as many as pg_stat_statements keeps by default."""

MANY = 500
"""Beyond so many rows an answer holds less of each text."""

Name = Annotated[str | None, Query(max_length=200)]


def _block_size(one: Watcher) -> int:
    """Bytes of a block of the server, or the usual number where it was not asked yet."""
    capabilities = one.capabilities
    return int(capabilities.settings.get("block_size", BLOCK_SIZE)) if capabilities else BLOCK_SIZE


@router.get("/targets/{name}/statements", responses=NOT_FOUND, response_model=models.Statements)
def get_statements(
    watch: Watching,
    one: One,
    span: Span,
    *,
    sort: models.StatementSort = models.StatementSort.LOAD,
    order: schema.Order = schema.Order.DESCENDING,
    limit: Annotated[int, Query(ge=1, le=MOST, description="How many rows at most")] = 50,
    offset: Offset = 0,
    kind: Annotated[models.StatementKind | None, Query(description="Only those of this kind")] = None,
    user: Annotated[Name, Query(description="Only those of this user")] = None,
    database: Annotated[Name, Query(description="Only those in this database")] = None,
    moved: Annotated[bool, Query(description="Without those that ran only in the compared span")] = True,
    search: Annotated[Name, Query(description="Words that all have to be in the text, whatever their case")] = None,
) -> Response:
    """Statements of a span, by share of the load or any other column, beside what they did in the compared span."""
    page = statements(
        watch.store,
        one.target.id,
        span.since,
        span.until,
        compared=span.compared,
        wanted=Filter(moved, kind and kind.value, user, database, words=tuple((search or "").split())),
        order=Wanted(
            sort.value, order is schema.Order.DESCENDING, limit, offset, LETTERS_OF_MANY if limit > MANY else LETTERS
        ),
        block_size=_block_size(one),
    )
    return written(statement_answers.statements(one, span, page, sort=sort, order=order, limit=limit, offset=offset))


@router.get("/targets/{name}/statements/groups", responses=NOT_FOUND)
def get_statement_groups(watch: Watching, one: One, span: Span) -> models.StatementGroups:
    """Statements of a span taken together: by kind, user and database as counted, by tag as sampled."""
    found = statement_groups(watch.store, one.target.id, span.since, span.until)
    return statement_answers.groups(one, span, found)


@router.get("/targets/{name}/statements/{id:path}", responses=NOT_FOUND)
def get_statement(
    watch: Watching,
    one: One,
    span: Span,
    id_: Annotated[str, Path(alias="id", description="As in the list: queryid/user/database/incarnation")],
) -> models.StatementDetail:
    """One statement over a span: its course, its waits, who ran it."""
    key = statement_answers.key_of(id_)
    found = None if key is None else statement(
        watch.store,
        one.target.id,
        key,
        span.since,
        span.until,
        compared=span.compared,
        block_size=_block_size(one),
    )  # fmt: skip
    if found is None:
        told = (
            f"There is no statement {id_[:80]!r} of {one.target.name}; an id is one of those in the list of statements."
        )
        raise ProblemError(404, "not_found", told, "id")
    steps = found.course.span
    gaps = happenings.gaps(
        watch.store, one.target.id, "statements", steps.since, steps.until, limit=schema.CHART_GAPS
    )  # fmt: skip
    return statement_answers.detail(one, watch.panels.values(), found, gaps.gaps)
