"""From a batch to the frames that one transaction writes; pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pgvigil.catalog.types import Kind, Shape
from pgvigil.model import Batch, Value
from pgvigil.store.errors import BatchRefusedError
from pgvigil.store.frame import Frame, frame
from pgvigil.store.series import UNCERTAIN, Dimension, Field, Layout, Series, dimension_of

_OVERHEAD = 1_000


@dataclass(frozen=True, slots=True)
class Packed:
    """A batch without its rows, and its rows as frames. `texts` holds the keys and texts of a dimension."""

    batch: Batch
    rows: int
    facts: Frame | None = None
    last: Frame | None = None
    gone: Frame | None = None
    texts: Frame | None = None

    @property
    def bytes(self) -> int:
        """About how much memory it takes."""
        frames = (self.facts, self.last, self.gone, self.texts)
        return _OVERHEAD + sum(one.bytes for one in frames if one)


def pack(batch: Batch, layout: Layout) -> Packed:
    """Frames of a batch; raises BatchRefusedError where it does not fit the catalog."""
    probe = layout.probes.get(batch.probe)
    if probe is None:
        raise BatchRefusedError(f"The store knows no probe {batch.probe}; it knows {', '.join(layout.probes)}.")
    dimension = layout.dimensions.get(dimension_of(probe) or "")
    bare = replace(batch, rows=(), last=(), gone=())
    names = (*batch.names, UNCERTAIN.name) if probe.shape is Shape.COUNTERS else batch.names
    try:
        texts = _texts(batch, dimension, names) if dimension else None
        if probe.shape is Shape.DIMENSION:
            return Packed(bare, len(batch.rows), texts=texts)
        series = layout.series[batch.probe]
        _refuse_unknown(batch, series, {name for name, column in probe.columns.items() if column.kind is Kind.TEXT})
        return Packed(
            bare,
            len(batch.rows),
            facts=_pick(_by_name(series), names, batch.rows),
            last=_pick(_as_read(series), batch.names, batch.last) if series.remembers else None,
            gone=_pick(_keys(series), tuple(field.name for field in series.keys), batch.gone),
            texts=texts,
        )
    except BatchRefusedError as error:
        raise BatchRefusedError(f"Probe {batch.probe}: {error}") from None


def _texts(batch: Batch, dimension: Dimension, names: tuple[str, ...]) -> Frame | None:
    """The texts of all that was read, also where nothing is told of it yet: a first reading has no differences."""
    fields = _text_fields(dimension)
    return _pick(fields, batch.names, batch.last) if batch.last else _pick(fields, names, batch.rows)


def _by_name(series: Series) -> dict[str, Field]:
    return {field.name: field for field in series.fields}


def _keys(series: Series) -> dict[str, Field]:
    return {field.name: field for field in series.keys}


def _as_read(series: Series) -> dict[str, Field]:
    return {field.name: replace(field, type=field.read_as, decimals=None) for field in (*series.keys, *series.values)}


def _text_fields(dimension: Dimension) -> dict[str, Field]:
    return {field.name: field for field in (*dimension.keys, *dimension.texts)}


def _refuse_unknown(batch: Batch, series: Series, texts: set[str]) -> None:
    unknown = set(batch.names) - {field.name for field in series.fields} - texts
    if unknown:
        raise BatchRefusedError(f"The catalog declares no column {', '.join(sorted(unknown))}.")


def _pick(fields: dict[str, Field], names: Sequence[str], rows: Sequence[tuple[Value, ...]]) -> Frame | None:
    if not rows:
        return None
    if len(rows[0]) != len(names):
        raise BatchRefusedError(f"A row has {len(rows[0])} values for {len(names)} columns.")
    columns = zip(names, zip(*rows, strict=True), strict=True) if names else ()
    return frame([(fields[name], values) for name, values in columns if name in fields], len(rows))
