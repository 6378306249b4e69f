"""Things of a server by words of their names: statements, tables, indexes, settings."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pgvigil.analyse.queries import Reader, run

Thing = TypeVar("Thing")

BACK = 30 * 86_400_000_000
"""Microseconds: what was not read for longer is not found."""

WORDS = 8
"""How many words count at most."""


@dataclass(frozen=True, slots=True)
class FoundStatement:
    """A statement, by what it is counted by; `last` is when it last moved, in microseconds."""

    queryid: int | None
    userid: int
    dbid: int
    toplevel: bool
    incarnation: int
    text: str | None
    user: str | None
    database: str | None
    calls: int
    last: int


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A table as it was read last: `bytes` as of its last vacuum or analysis, moments in microseconds."""

    dbid: int
    relid: int
    database: str | None
    schema: str
    name: str
    relkind: str | None
    bytes: int | None
    rows: int | None
    vacuumed: int | None
    last: int


@dataclass(frozen=True, slots=True)
class FoundIndex:
    """An index as it was read last."""

    dbid: int
    indexid: int
    database: str | None
    schema: str
    name: str
    table: str | None
    bytes: int | None
    valid: bool | None
    last: int


@dataclass(frozen=True, slots=True)
class FoundSetting:
    """A setting as it was read last, its value in `unit`."""

    name: str
    value: str | None
    unit: str | None
    source: str | None
    pending_restart: bool | None
    last: int


@dataclass(frozen=True, slots=True)
class Hits(Generic[Thing]):
    """The first of what was found; `total` counts all of it."""

    first: tuple[Thing, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, by kind."""

    statements: Hits[FoundStatement]
    tables: Hits[FoundTable]
    indexes: Hits[FoundIndex]
    settings: Hits[FoundSetting]


def words(typed: str) -> tuple[str, ...]:
    """What is looked for: every one of these, wherever it stands, in any case."""
    return tuple(typed.split()[:WORDS])


def search(reader: Reader, target: int, until: int, typed: str, limit: int) -> Found:
    """What of `target` was known in the thirty days before `until` (microseconds) and holds every word; `limit` of each
    kind."""

    def rows(kind: str) -> Sequence[tuple[Any, ...]]:
        given = {"target": target, "words": json.dumps(words(typed)), "limit": limit}
        # Of the coarsest rows: what was read last stands in these as well.
        return run(reader, f"search/{kind}", (kind,), until - BACK, until, given, BACK)

    return Found(
        _hits(FoundStatement, rows("statements")),
        _hits(FoundTable, rows("tables")),
        _hits(FoundIndex, rows("indexes")),
        _hits(FoundSetting, rows("settings")),
    )


def _hits(kind: type[Thing], rows: Sequence[tuple[Any, ...]]) -> Hits[Thing]:
    return Hits(tuple(kind(*row[:-1]) for row in rows), int(rows[0][-1]) if rows else 0)
