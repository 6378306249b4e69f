"""Rows on their way into the engine: numbers as arrays, texts as one JSON parameter.

Measured for 300 rows: a bound Python value costs 0.1 ms, so 50 columns take 2 s; arrays take 10 ms. An array of texts
takes 270 ms, the same texts as one JSON parameter 2 ms.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from pgvigil.model import Value
from pgvigil.store.errors import BatchRefusedError
from pgvigil.store.series import Field
from pgvigil.store.text import ident, literal, moment, sql

_DTYPES: Mapping[str, type[np.generic]] = {
    "BOOLEAN": np.bool_,
    "INTEGER": np.int32,
    "BIGINT": np.int64,
    "UINTEGER": np.uint32,
    "DOUBLE": np.float64,
    "TIMESTAMP": np.int64,
}
_STAGED = "staged"

FEW = 240
"""Values that are written out as constants instead: one costs 4 microseconds so, a column 20 to hand over as an array
and as much again to read."""

_NOT_A_TIME = -(2**63)
_BITS = 62
_BLANK: Mapping[str, Any] = {"f": math.nan, "M": np.datetime64("NaT", "us")}
"""What NULL is in an array, by the kind of its type."""

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """Columns of equal length; one that is NULL throughout is left out. `nulls` marks the NULLs of integers and
    booleans; among floats and moments they are NaN and NaT, which the engine takes for NULL (it takes no mask)."""

    size: int
    arrays: Mapping[str, Array]
    nulls: Mapping[str, Array]
    texts: Mapping[str, Sequence[str | None]]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that are there."""
        return (*self.arrays, *self.texts)

    @property
    def bytes(self) -> int:
        """About how much memory it takes."""
        numbers = sum(array.nbytes for array in (*self.arrays.values(), *self.nulls.values()))
        return numbers + sum(60 + len(text or "") for column in self.texts.values() for text in column)

    def only(self, names: Sequence[str]) -> "Frame":
        """The frame with these columns alone."""
        return Frame(
            self.size,
            {name: array for name, array in self.arrays.items() if name in names},
            {name: array for name, array in self.nulls.items() if name in names},
            {name: column for name, column in self.texts.items() if name in names},
        )

    def values(self, name: str) -> Sequence[Value]:
        """The values of a column; None for NULL, and throughout for one that was left out."""
        if name in self.texts:
            return self.texts[name]
        if name not in self.arrays:
            return [None] * self.size
        array, missing = self.arrays[name], self._missing(name)
        values: list[Value] = (array.view(np.int64) if array.dtype.kind == "M" else array).tolist()
        if not missing.any():
            return values
        return [None if gone else value for value, gone in zip(values, missing.tolist(), strict=True)]

    def take(self, places: Array) -> "Frame":
        """The rows at these places, in that order."""
        return Frame(
            len(places),
            {name: array[places] for name, array in self.arrays.items()},
            {name: array[places] for name, array in self.nulls.items()},
            {name: [column[place] for place in places] for name, column in self.texts.items()},
        )

    def without(self, name: str, gone: Array) -> "Frame":
        """The frame with a column NULL in these rows too."""
        if not gone.any() or name not in self.columns:
            return self
        if name in self.texts:
            told = [None if out else text for text, out in zip(self.texts[name], gone.tolist(), strict=True)]
            return replace(self, texts={**self.texts, name: told})
        missing = self._missing(name) | gone
        if missing.all():
            return self.only([column for column in self.columns if column != name])
        array = self.arrays[name]
        if array.dtype.kind in _BLANK:
            return replace(self, arrays={**self.arrays, name: np.where(missing, _BLANK[array.dtype.kind], array)})
        return replace(self, nulls={**self.nulls, name: missing})

    def _missing(self, name: str) -> Array:
        array = self.arrays[name]
        if array.dtype.kind == "M":
            return np.isnat(array)
        if array.dtype.kind == "f":
            return np.isnan(array)
        return self.nulls.get(name, np.zeros(self.size, np.bool_))


def gather(frames: Sequence[Frame], places: Array) -> Frame:
    """Rows of several frames as one, `places` counting through all of them; what a frame has no column of is NULL.

    Column by column, so that only one at a time is held twice.
    """
    types = {name: array.dtype for one in frames for name, array in one.arrays.items()}
    arrays: dict[str, Array] = {}
    nulls: dict[str, Array] = {}
    for name, dtype in types.items():
        blank = _BLANK.get(dtype.kind, 0)
        parts = [one.arrays.get(name, np.full(one.size, blank, dtype)) for one in frames]
        arrays[name] = np.concatenate(parts).astype(dtype, copy=False)[places]
        if dtype.kind not in "fM":
            missing = [one.nulls.get(name, np.full(one.size, name not in one.arrays, np.bool_)) for one in frames]
            if any(part.any() for part in missing):
                nulls[name] = np.concatenate(missing)[places]
    names = dict.fromkeys(name for one in frames for name in one.texts)
    return Frame(len(places), arrays, nulls, {name: _texts_at(frames, name, places) for name in names})


def _texts_at(frames: Sequence[Frame], name: str, places: Array) -> Sequence[str | None]:
    column = [text for one in frames for text in one.texts.get(name, [None] * one.size)]
    return [column[place] for place in places]


def frame(fields: Sequence[tuple[Field, Sequence[Value]]], size: int) -> Frame:
    """A frame of columns, each given as its field and values; raises BatchRefusedError where a value does not fit."""
    arrays: dict[str, Array] = {}
    nulls: dict[str, Array] = {}
    texts: dict[str, Sequence[str | None]] = {}
    for field, values in fields:
        missing = np.fromiter((value is None for value in values), np.bool_, size) if None in values else None
        if missing is not None and missing.all():
            continue
        if field.type == "VARCHAR":
            texts[field.name] = [None if value is None else str(value) for value in values]
            continue
        arrays[field.name] = _array(field, values, missing)
        if missing is not None and field.type not in {"DOUBLE", "TIMESTAMP"}:
            nulls[field.name] = missing
    return Frame(size, arrays, nulls, texts)


def _array(field: Field, values: Sequence[Value], missing: Array | None) -> Array:
    instead = {"DOUBLE": math.nan, "TIMESTAMP": _NOT_A_TIME}.get(field.type, 0)
    try:
        there = values if missing is None else [instead if value is None else value for value in values]
        array = np.array(there, dtype=_DTYPES[field.type])
    except (OverflowError, ValueError, TypeError):
        # In its own words the value is quoted, which nobody cleaned.
        raise BatchRefusedError(f"Column {field.name} does not hold what it declares, {field.type}.") from None
    if field.decimals is not None:
        return np.round(array, field.decimals)
    return array.view("datetime64[us]") if field.type == "TIMESTAMP" else array


@contextmanager
def staged(cursor: duckdb.DuckDBPyConnection, rows: Frame) -> Iterator[tuple[str, list[str]]]:
    """The relation to read a frame from, and the parameters of any statement that names it."""
    if is_small(rows):
        values = sql("staged_values", values=written_out(rows), columns=", ".join(map(ident, rows.columns)))
        yield values, []
        return
    same = _same(rows)
    varied = rows.only([name for name in rows.columns if name not in same])
    if varied.arrays:
        cursor.register(_STAGED, {**varied.arrays, **_bits(varied.nulls)})
    try:
        yield _relation(varied, same), [json.dumps(varied.texts)] if varied.texts else []
    finally:
        if varied.arrays:
            cursor.unregister(_STAGED)


def _same(rows: Frame) -> Mapping[str, str]:
    """The columns that hold one number throughout, with that as a constant: half of those of a pass do."""
    alike = [name for name, array in rows.arrays.items() if name not in rows.nulls and (array == array[0]).all()]
    first = rows.only(alike).take(np.array([0])) if alike else None
    return {name: _constants(first, name)[0] for name in alike} if first else {}


def is_small(rows: Frame) -> bool:
    """Whether the rows had better be written out."""
    return 0 < rows.size * len(rows.columns) <= FEW


def written_out(rows: Frame, constants: Mapping[str, str] | None = None) -> str:
    """The rows as constants, each after those that are the same in all: what follows VALUES."""
    before = "(" + "".join(f"{constant}, " for constant in (constants or {}).values())
    columns = [_constants(rows, name) for name in rows.columns]
    return ", ".join(before + ", ".join(row) + ")" for row in zip(*columns, strict=True))


def _constants(rows: Frame, name: str) -> list[str]:
    kind = rows.arrays[name].dtype.kind if name in rows.arrays else "U"
    return ["NULL" if value is None else _constant(value, kind) for value in rows.values(name)]


def _constant(value: Value, kind: str) -> str:
    if kind == "U":
        return literal(str(value))
    if kind == "M" and isinstance(value, int):
        return moment(value)
    if kind == "f":
        number = repr(value)  # without an exponent it would be read as a DECIMAL, and rounded
        return f"'{number}'::DOUBLE" if number.endswith("inf") else number if "e" in number else f"{number}e0"
    return str(value)


def _bits(nulls: Mapping[str, Array]) -> dict[str, Array]:
    """Which columns of a row are NULL, a bit each: an array more costs as much as any other column."""
    found: dict[str, Array] = {}
    for place, missing in enumerate(nulls.values()):
        name = _bits_of(place)
        found[name] = found.get(name, 0) + (missing.astype(np.int64) << place % _BITS)
    return found


def _bits_of(place: int) -> str:
    return f"{_STAGED}_nulls_{place // _BITS}"


def _relation(rows: Frame, same: Mapping[str, str]) -> str:
    parts = ([_STAGED] if rows.arrays else []) + ([_texts(rows)] if rows.texts else [])
    if not parts:
        parts = [sql("staged_nothing", size=str(rows.size))]
    if parts == [_STAGED] and not rows.nulls and not same:
        return _STAGED
    columns = {name: ident(name) for name in rows.columns}
    for place, name in enumerate(rows.nulls):
        columns[name] = (
            f"CASE WHEN {_bits_of(place)} & {1 << place % _BITS} = 0 THEN {ident(name)} END AS {ident(name)}"
        )
    columns |= {name: f"{constant} AS {ident(name)}" for name, constant in same.items()}
    return sql("staged", columns=", ".join(columns.values()) or "1", source=" POSITIONAL JOIN ".join(parts))


def _texts(rows: Frame) -> str:
    shape = literal(json.dumps({name: ["VARCHAR"] for name in rows.texts}))
    columns = ", ".join(f"unnest(texts.{ident(name)}) AS {ident(name)}" for name in rows.texts)
    return sql("staged_texts", columns=columns, shape=shape)
