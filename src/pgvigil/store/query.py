"""Asking the store: our own queries, and those of the user, which may do nothing but read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from pgvigil.store.bounds import TOO_LARGE, bounds
from pgvigil.store.engine import Engine
from pgvigil.store.errors import QueryRefusedError, StoreError, StoreFailedError
from pgvigil.store.guard import check
from pgvigil.store.refusals import failure, is_damage, reason

LONGEST = 30.0
"""Seconds that a user's query may take."""

LARGEST = 256 * 2**20
"""Bytes, about, that the answer to a user's query may take."""

_CHUNK = 2_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Table:
    """An answer: names and DuckDB types of its columns, and its rows."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


def run(engine: Engine, sql: str, parameters: Mapping[str, Any] | Sequence[Any] | None = None) -> Table:
    """Run one of our own queries; TIMESTAMPs come back as integer microseconds. Raises StoreError.

    Named parameters that the query does not mention are left out: queries of one family take what they need.
    """
    try:
        with engine.cursor() as cursor:
            (statement,) = cursor.extract_statements(sql)
            if isinstance(parameters, Mapping):
                parameters = {name: parameters[name] for name in statement.named_parameters if name in parameters}
            cursor.execute(statement, parameters or None)
            names, types = _columns(cursor)
            rows = cursor.fetchall()
    except duckdb.Error as error:
        raise _failure(engine, error) from error
    moments = [position for position, type_ in enumerate(types) if type_ == "TIMESTAMP"]
    return Table(names, types, [_with_integers(row, moments) for row in rows] if moments else rows)


def select(engine: Engine, sql: str, *, longest: float = LONGEST, largest: int = LARGEST) -> Table:
    """Run a user's query: one SELECT, nothing but the store's tables. Raises QueryRefusedError with the reason."""
    with engine.cursor() as cursor, bounds(cursor, longest, largest) as bound:
        try:
            check(cursor, sql)
            cursor.execute(sql)
            names, types = _columns(cursor)
            return Table(names, types, _fetch(cursor, largest))
        except (duckdb.OutOfMemoryException, MemoryError):
            raise QueryRefusedError(TOO_LARGE) from None
        except duckdb.Error as error:
            if bound.passed:
                raise QueryRefusedError(bound.passed) from None
            raise _failure(engine, error) from None


def _columns(cursor: duckdb.DuckDBPyConnection) -> tuple[tuple[str, ...], tuple[str, ...]]:
    described = cursor.description or []
    return tuple(column[0] for column in described), tuple(str(column[1]) for column in described)


def _fetch(cursor: duckdb.DuckDBPyConnection, largest: int) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    size = 0
    while chunk := cursor.fetchmany(_CHUNK):
        rows += chunk
        size += sum(_size(value) for row in chunk for value in row) + 56 * len(chunk)
        if size > largest:
            raise QueryRefusedError(
                f"The answer is larger than {largest // 2**20} MB, after {len(rows)} rows. Add a LIMIT, or aggregate."
            )
    return rows


def _size(value: Any) -> int:
    if isinstance(value, str | bytes):
        return 56 + len(value)
    if isinstance(value, list | tuple):
        return 56 + sum(map(_size, value))
    if isinstance(value, dict):
        return 232 + sum(_size(key) + _size(one) for key, one in value.items())
    return 40


def _with_integers(row: tuple[Any, ...], moments: Sequence[int]) -> tuple[Any, ...]:
    values = list(row)
    for position in moments:
        value = values[position]
        if isinstance(value, datetime):
            values[position] = (value - _EPOCH) // _MICROSECOND
    return tuple(values)


def _failure(engine: Engine, error: duckdb.Error) -> StoreError:
    if is_damage(error):
        return failure(error, engine.location.file)
    closed = "No open result set" in str(error)  # the file was opened again meanwhile, after a failed write
    if closed or isinstance(error, duckdb.FatalException | duckdb.IOException | duckdb.ConnectionException):
        return StoreFailedError(f"The store cannot answer now: {reason(error)}.")
    return QueryRefusedError(str(error).strip())
