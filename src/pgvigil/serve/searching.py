"""Search: statements, tables, indexes and settings of a target by words."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from pgvigil.analyse import search
from pgvigil.analyse.statements import Key
from pgvigil.serve import answers, routes
from pgvigil.serve.ranges import Moment
from pgvigil.serve.routes import One, Watching
from pgvigil.serve.schema import Answer
from pgvigil.serve.schema import Moment as Told
from pgvigil.serve.statement_answers import statement_id

router = APIRouter(prefix="/api/v1", responses=routes.RESPONSES)


class FoundStatement(Answer):
    """A statement that holds every word in its text, user or database."""

    id: str = Field(description="As in the list of statements")
    text: str | None = Field(description="Without literals; null until its text was fetched")
    user: str | None
    database: str | None
    toplevel: bool
    calls: int = Field(description="In the thirty days that are searched")
    last: Told = Field(description="When it last moved, to a day where that is long ago")


class FoundTable(Answer):
    """A table, materialised view or partitioned table that holds every word in its schema, name or database."""

    id: str = Field(description="Numbers of its database and of itself")
    database: str | None
    schema_: str = Field(alias="schema")
    name: str
    relkind: str | None = Field(description="r table, m materialised view, p partitioned table")
    bytes: int | None = Field(description="Size without indexes, as of the last vacuum or analysis")
    rows: int | None = Field(description="Live rows, estimated")
    vacuumed: Told | None = Field(description="The last vacuum, by command or by itself; null where there was none")
    last: Told = Field(description="When it was read last")


class FoundIndex(Answer):
    """An index that holds every word in its schema, name, table or database."""

    id: str
    database: str | None
    schema_: str = Field(alias="schema")
    name: str
    table: str | None
    bytes: int | None
    valid: bool | None
    last: Told


class FoundSetting(Answer):
    """A setting that holds every word in its name."""

    name: str
    value: str | None
    unit: str | None = Field(description="Unit of the value, such as ms, kB, 8kB; null where it has none")
    source: str | None
    pending_restart: bool | None
    last: Told


class Totals(Answer):
    """How many there are of each kind; only the first are in the answer."""

    statements: int
    tables: int
    indexes: int
    settings: int


class Search(Answer):
    """What holds every word, by kind."""

    q: str
    statements: tuple[FoundStatement, ...]
    tables: tuple[FoundTable, ...]
    indexes: tuple[FoundIndex, ...]
    settings: tuple[FoundSetting, ...]
    totals: Totals


Typed = Annotated[str, Query(min_length=1, max_length=200, description="Words, each of which has to be in it")]
Most = Annotated[int, Query(ge=1, le=50, description="How many of each kind at most")]
At = Annotated[Moment | None, Query(description="What was known at this moment; by default now")]


@router.get("/targets/{name}/search", responses=routes.NOT_FOUND)
def get_search(watch: Watching, one: One, q: Typed, limit: Most = 8, at: At = None) -> Search:
    """Statements, tables, indexes and settings that hold every word, of what was read in thirty days."""
    now = watch.clock()
    until = now if at is None else min(int(at * 1_000_000), now)
    found = search.search(watch.store, one.target.id, until, q, limit)
    return Search(
        q=q,
        statements=tuple(_statement(it) for it in found.statements.first),
        tables=tuple(_table(it) for it in found.tables.first),
        indexes=tuple(_index(it) for it in found.indexes.first),
        settings=tuple(_setting(it) for it in found.settings.first),
        totals=Totals(
            statements=found.statements.total,
            tables=found.tables.total,
            indexes=found.indexes.total,
            settings=found.settings.total,
        ),
    )


def _statement(found: search.FoundStatement) -> FoundStatement:
    key = Key(found.queryid, found.userid, found.dbid, found.toplevel, found.incarnation)
    return FoundStatement(
        id=statement_id(key),
        text=found.text,
        user=found.user,
        database=found.database,
        toplevel=found.toplevel,
        calls=found.calls,
        last=answers.seconds(found.last),
    )


def _table(found: search.FoundTable) -> FoundTable:
    return FoundTable(
        id=f"{found.dbid}/{found.relid}",
        database=found.database,
        schema=found.schema,
        name=found.name,
        relkind=found.relkind,
        bytes=found.bytes,
        rows=found.rows,
        vacuumed=answers.optional_seconds(found.vacuumed),
        last=answers.seconds(found.last),
    )


def _index(found: search.FoundIndex) -> FoundIndex:
    return FoundIndex(
        id=f"{found.dbid}/{found.indexid}",
        database=found.database,
        schema=found.schema,
        name=found.name,
        table=found.table,
        bytes=found.bytes,
        valid=found.valid,
        last=answers.seconds(found.last),
    )


def _setting(found: search.FoundSetting) -> FoundSetting:
    return FoundSetting(
        name=found.name,
        value=found.value,
        unit=found.unit,
        source=found.source,
        pending_restart=found.pending_restart,
        last=answers.seconds(found.last),
    )
