"""What is asked and what comes back: requests, parameters, replies."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from pgvigil.model import Value

LIMITS_MS = (100, 250, 500, 1_000, 2_000, 5_000, 10_000, 300_000)
"""The only limits a request can have: each is a constant text, so that the server's own counters stay few."""

_BOOL, _INT8, _INT4, _TEXT, _OID, _TEXT_ARRAY, _INT8_ARRAY = 16, 20, 23, 25, 26, 1009, 1016


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value to send in PostgreSQL's binary format: `data`, or `texts` that still have to be written in the server's
    encoding. Neither means NULL. It never shows itself."""

    oid: int
    data: bytes | None = field(repr=False)
    texts: tuple[str, ...] | None = field(default=None, repr=False)

    def encoded(self, codec: str) -> bytes | None:
        """The bytes to send to a server with this encoding; what it does not have is sent as a question mark."""
        if self.texts is None:
            return self.data
        cells = [each.encode(codec, "replace") for each in self.texts]
        return cells[0] if self.oid == _TEXT else _text_array(cells)


def int8(value: int | None) -> Parameter:
    """A bigint."""
    return Parameter(_INT8, None if value is None else value.to_bytes(8, "big", signed=True))


def int4(value: int | None) -> Parameter:
    """An integer."""
    return Parameter(_INT4, None if value is None else value.to_bytes(4, "big", signed=True))


def oid(value: int | None) -> Parameter:
    """An object identifier."""
    return Parameter(_OID, None if value is None else value.to_bytes(4, "big"))


def boolean(value: bool | None) -> Parameter:
    """A boolean."""
    return Parameter(_BOOL, None if value is None else bytes([value]))


def text(value: str | None) -> Parameter:
    """A text."""
    return Parameter(_TEXT, None, None if value is None else (value,))


def int8_array(values: npt.ArrayLike) -> Parameter:
    """A bigint[] without NULLs, from a NumPy array of int64 or a sequence of ints: 5,000 values take 20 us."""
    numbers = np.asarray(values, dtype=np.int64)
    header = np.array([1, 0, _INT8, len(numbers), 1], dtype=">i4") if len(numbers) else _empty(_INT8)
    # Each element is its length (8) and its eight bytes, most significant first.
    cells = np.empty(len(numbers), dtype=[("length", ">i4"), ("value", ">i8")])
    cells["length"] = 8
    cells["value"] = numbers
    return Parameter(_INT8_ARRAY, header.tobytes() + cells.tobytes())


def text_array(values: Iterable[str]) -> Parameter:
    """A text[] without NULLs."""
    return Parameter(_TEXT_ARRAY, None, tuple(values))


def _text_array(cells: Sequence[bytes]) -> bytes:
    header = np.array([1, 0, _TEXT, len(cells), 1], dtype=">i4") if cells else _empty(_TEXT)
    return header.tobytes() + b"".join(len(cell).to_bytes(4, "big") + cell for cell in cells)


def _empty(element: int) -> npt.NDArray[Any]:
    return np.array([0, 0, element], dtype=">i4")


@dataclass(frozen=True, slots=True)
class Request:
    """One SELECT to run in a transaction of its own, already composed; `deadline_ms` is one of `LIMITS_MS`.

    `zeros` are the positions of columns in which NULL stands for 0; `repeats` says that the same text comes again and
    again, so that it may be prepared.
    """

    name: str
    sql: str
    parameters: tuple[Parameter, ...] = ()
    deadline_ms: int = 500
    zeros: tuple[int, ...] = ()
    repeats: bool = True

    def __post_init__(self) -> None:
        if self.deadline_ms not in LIMITS_MS:
            raise ValueError(f"deadline_ms of {self.name} is {self.deadline_ms}; allowed are {LIMITS_MS}")


class FailureKind(StrEnum):
    """Why a request brought no rows."""

    LOCK = "lock"  # waited for a lock longer than allowed
    DEADLINE = "deadline"  # its own limit, or the run's
    PRIVILEGE = "privilege"
    MISSING = "missing"  # a table, column, function, schema or extension is not there
    CANCELLED = "cancelled"  # somebody cancelled it, or recovery did
    GONE = "gone"  # the connection ended before the answer
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Rows:
    """What the server returned for a request. `elapsed_ms` runs from the end of the request before it."""

    name: str
    names: tuple[str, ...]
    rows: Sequence[tuple[Value, ...]]
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class Failure:
    """A request without rows. `message` is the server's text and may quote data: scrub it before keeping it. `stalled`
    says that it was the server, or the way to it, that stood still, and not the request that took too long."""

    name: str
    kind: FailureKind
    sqlstate: str | None
    message: str = field(repr=False)
    elapsed_ms: float = 0.0
    stalled: bool = False


Reply = Rows | Failure
