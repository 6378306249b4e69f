"""From the server's binary format to Python values: times as integer microseconds, texts that never fail to decode."""

import codecs
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import AdaptersMap, Loader, Transformer
from psycopg.pq import Format
from psycopg.pq.abc import PGresult

from pgvigil.model import Value

_EPOCH = 946_684_800_000_000  # 2000-01-01 in microseconds, where PostgreSQL's time begins
_INFINITE = (2**63 - 1, -(2**63))

# PostgreSQL's names of server encodings that Python calls otherwise (PostgreSQL documentation, table 23.3).
_PYTHON_NAMES = {
    "SQL_ASCII": "utf-8",
    "MULE_INTERNAL": "ascii",
    "EUC_JIS_2004": "euc_jis_2004",
    "EUC_CN": "gb2312",
    "EUC_TW": "ascii",
    "UHC": "cp949",
    "SHIFT_JIS_2004": "shift_jis_2004",
    "KOI8R": "koi8-r",
    "KOI8U": "koi8-u",
    **{
        f"LATIN{n}": f"iso8859-{part}"
        for n, part in zip(range(1, 11), (1, 2, 3, 4, 9, 10, 13, 14, 15, 16), strict=True)
    },
    **{f"WIN{page}": f"cp{page}" for page in (866, 874, *range(1250, 1259))},
}


def python_encoding(name: str) -> str:
    """The codec of a PostgreSQL encoding by its first name; SQL_ASCII, which says nothing, is read as UTF-8."""
    codec = _PYTHON_NAMES.get(name.upper(), name.lower().replace("_", "-"))
    return codecs.lookup(codec).name


class _TimeLoader(Loader):
    """timestamptz to microseconds since 1970; infinity, which is no moment, to None."""

    format = Format.BINARY

    def load(self, data: Buffer) -> int | None:
        value = int.from_bytes(data, "big", signed=True)
        return None if value in _INFINITE else value + _EPOCH


def _lossy(codec: str) -> type[Loader]:
    class LossyTextLoader(Loader):
        format = Format.BINARY

        def load(self, data: Buffer) -> str:
            return str(data, codec, "replace")

    return LossyTextLoader


def _adapters(codec: str | None) -> AdaptContext:
    adapters = AdaptersMap(psycopg.adapters)
    adapters.register_loader("timestamptz", _TimeLoader)
    if codec is not None:
        loader = _lossy(codec)
        for kind in ("text", "varchar", "name", "bpchar", 18):  # 18 is "char"
            adapters.register_loader(kind, loader)
    return adapters


class Decoder:
    """Reads results of one session, whose texts arrive in `encoding` (PostgreSQL's name of it)."""

    def __init__(self, encoding: str) -> None:
        codec = python_encoding(encoding)
        self.codec = codec
        self._lossy = _adapters(codec)
        # The driver's own loader is four times faster and raises where a byte is not UTF-8.
        self._fast = _adapters(None) if codec == "utf-8" else self._lossy

    def text(self, data: bytes | None) -> str:
        """A message of the server."""
        return "" if data is None else data.decode(self.codec, "replace")

    def names(self, result: PGresult) -> tuple[str, ...]:
        """The names of a result's columns."""
        return tuple(self.text(result.fname(number)) for number in range(result.nfields))

    def rows(self, result: PGresult) -> list[tuple[Value, ...]]:
        """The rows of a result that came in binary format."""
        try:
            return _load(result, self._fast)
        except UnicodeDecodeError:
            return _load(result, self._lossy)


def _load(result: PGresult, context: AdaptContext) -> list[tuple[Value, ...]]:
    transformer: Any = Transformer(context)
    transformer.set_pgresult(result)
    rows: list[tuple[Value, ...]] = transformer.load_rows(0, result.ntuples, tuple)
    return rows


def with_zeros(rows: list[tuple[Value, ...]], zeros: Sequence[int]) -> list[tuple[Value, ...]]:
    """The rows with 0 where a column at one of these positions is NULL."""
    return [_with_zeros(row, zeros) for row in rows] if zeros else rows


def _with_zeros(row: tuple[Value, ...], zeros: Sequence[int]) -> tuple[Value, ...]:
    cells = list(row)
    for position in zeros:
        if cells[position] is None:
            cells[position] = 0
    return tuple(cells)
