"""The last readings, and how far each probe has come: one row of bytes per pass, folded into one now and then.

A restart has to go on counting from what was last written, so every pass writes what it read of the keys that moved,
in the transaction of its facts. As tables, a delete and an insert per probe, that took half of the time of a pass; as
one value it takes a millisecond. Content: a length, a JSON header of that length, then the columns' bytes one after
another in the order of the header, little-endian, texts as JSON.
"""

import json
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np

from pgvigil.store.frame import Array, Frame, gather
from pgvigil.store.series import Layout
from pgvigil.store.text import sql

_LENGTH = struct.Struct("<I")
KEPT = 14 * 86_400 * 1_000_000
"""Microseconds for which the readings of an incarnation, or of a database, are kept that is no longer seen."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a pass of a probe at a place leaves to go on from: its number, when it read (None: it failed), and what."""

    incarnation: int
    probe: str
    place: int
    epoch: int
    pass_no: int
    read_at: int | None
    last: Frame | None = None
    gone: Frame | None = None


def targets(cursor: duckdb.DuckDBPyConnection) -> list[int]:
    """Those of which something is remembered."""
    return [target for (target,) in cursor.execute(sql("remembered")).fetchall()]


def rows(cursor: duckdb.DuckDBPyConnection, target: int) -> list[tuple[int, bytes]]:
    """Numbers and contents of the rows of a target, in the order in which they were written."""
    found: list[tuple[int, bytes]] = cursor.execute(sql("remembered_of"), {"target": target}).fetchall()
    return sorted(found, key=lambda row: row[0])


def encode(parts: Iterable[Remembered]) -> bytes:
    """The bytes of a row."""
    payload: list[bytes] = []
    header = [
        {
            "incarnation": part.incarnation,
            "probe": part.probe,
            "place": part.place,
            "epoch": part.epoch,
            "pass_no": part.pass_no,
            "read_at": part.read_at,
            "last": _describe(part.last, payload),
            "gone": _describe(part.gone, payload),
        }
        for part in parts
    ]
    head = json.dumps(header).encode()
    return b"".join([_LENGTH.pack(len(head)), head, *payload])


def decode(content: bytes) -> Iterator[Remembered]:
    """The parts of a row."""
    (length,) = _LENGTH.unpack_from(content)
    start = _LENGTH.size + length
    rest = _Bytes(content, start)
    for part in json.loads(content[_LENGTH.size : start]):
        last, gone = _frame(part.pop("last"), rest), _frame(part.pop("gone"), rest)
        yield Remembered(**part, last=last, gone=gone)


def fold(parts: Iterable[Remembered], layout: Layout) -> list[Remembered]:
    """One part per incarnation, probe and place, from all of them in the order they were written."""
    chains: dict[tuple[int, str, int], list[Remembered]] = {}
    for part in parts:
        chains.setdefault((part.incarnation, part.probe, part.place), []).append(part)
    folded = [_fold(chain, layout) for chain in chains.values()]
    newest = max((part.read_at or 0 for part in folded), default=0)
    return [part for part in folded if part.read_at is None or part.read_at > newest - KEPT]


def _fold(chain: Sequence[Remembered], layout: Layout) -> Remembered:
    latest = chain[-1]
    read_at = next((part.read_at for part in reversed(chain) if part.read_at is not None), None)
    series = layout.series.get(latest.probe)
    last = _latest(chain, [field.name for field in series.keys]) if series else None
    return replace(latest, read_at=read_at, last=last, gone=None)


def _latest(chain: Sequence[Remembered], keys: Sequence[str]) -> Frame | None:
    """The last row of every key that is not gone."""
    frames = [part.last for part in chain if part.last]
    if not frames:
        return None
    where: dict[tuple[Any, ...], int] = {}
    offset = 0
    for part in chain:
        for key in rows_of(part.gone, keys):
            where.pop(key, None)
        where.update((key, at) for at, key in enumerate(rows_of(part.last, keys), offset))
        offset += part.last.size if part.last else 0
    return gather(frames, np.fromiter(where.values(), np.int64, len(where)))


def rows_of(rows: Frame | None, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """These columns of a frame, row by row."""
    if rows is None:
        return iter(())
    return zip(*(rows.values(name) for name in names), strict=True) if names else iter([()] * rows.size)


def _describe(rows: Frame | None, payload: list[bytes]) -> dict[str, Any] | None:
    """The header of a frame, its columns' bytes added to `payload`."""
    if rows is None:
        return None
    texts = json.dumps(rows.texts).encode() if rows.texts else b""
    payload += [array.tobytes() for array in (*rows.arrays.values(), *rows.nulls.values())]
    payload.append(texts)
    return {
        "size": rows.size,
        "arrays": {name: array.dtype.str for name, array in rows.arrays.items()},
        "nulls": list(rows.nulls),
        "texts": len(texts),
    }


class _Bytes:
    """Bytes taken one piece after another."""

    def __init__(self, content: bytes, start: int) -> None:
        self._content = content
        self._at = start

    def array(self, dtype: str, size: int) -> Array:
        found = np.frombuffer(self._content, dtype, size, self._at)
        self._at += found.nbytes
        return found

    def text(self, length: int) -> bytes:
        self._at += length
        return self._content[self._at - length : self._at]


def _frame(about: Mapping[str, Any] | None, rest: _Bytes) -> Frame | None:
    if about is None:
        return None
    size = about["size"]
    arrays = {name: rest.array(dtype, size) for name, dtype in about["arrays"].items()}
    nulls = {name: rest.array("|b1", size) for name in about["nulls"]}
    texts = rest.text(about["texts"])
    return Frame(size, arrays, nulls, json.loads(texts) if texts else {})
