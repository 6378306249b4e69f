"""Asking the store: our own queries, and those of the user, which may do nothing but read."""

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pgvigil.store.engine import Engine
from pgvigil.store.errors import QueryRefusedError, StoreError, StoreFailedError
from pgvigil.store.guard import check
from pgvigil.store.refusals import failure, is_damage, reason

LONGEST = 30.0
"""Seconds that a user's query may take."""

LARGEST = 256 * 2**20
"""Bytes, about, that the answer to a user's query may take."""

_BESIDE = 64 * 2**20
"""Bytes by which the process may grow meanwhile for other reasons: its own work, and the engine's buffers."""

_LOOK = 0.05
"""Seconds between two looks at how large the process is: texts and lists are out of the engine's count."""

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
    with engine.cursor() as cursor, _bounds(cursor, longest, largest + _BESIDE) as bound:
        try:
            check(cursor, sql)
            cursor.execute(sql)
            names, types = _columns(cursor)
            return Table(names, types, _fetch(cursor, largest))
        except duckdb.OutOfMemoryException:
            raise QueryRefusedError(_TOO_LARGE) from None
        except duckdb.Error as error:
            if bound.passed:
                raise QueryRefusedError(bound.passed) from None
            raise _failure(engine, error) from None


_TOO_LARGE = "The query wanted more memory than it may have. Ask for a shorter time, or for fewer groups."


class _Bound:
    """Ends a query that takes too long or lets the process grow too much; `passed` says which."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, longest: float, growth: int) -> None:
        self._cursor = cursor
        self._longest = longest
        self._growth = growth
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="query bounds", daemon=True)
        self.passed = ""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        began, before = time.monotonic(), resident()
        while not self._done.wait(_LOOK):
            if time.monotonic() - began > self._longest:
                self.passed = (
                    f"The query took longer than {self._longest:g} seconds and was ended. Ask for a shorter time, "
                    "or for fewer columns."
                )
            elif resident() - before > self._growth:
                self.passed = _TOO_LARGE
            if self.passed:
                self._cursor.interrupt()


@contextmanager
def _bounds(cursor: duckdb.DuckDBPyConnection, longest: float, growth: int) -> Iterator[_Bound]:
    bound = _Bound(cursor, longest, growth)
    bound.start()
    try:
        yield bound
    finally:
        bound.stop()


def resident() -> int:
    """Bytes of memory the process has; 0 where the system does not tell (there is no /proc)."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


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
