"""One transaction for what a pass brought: facts, last readings, texts, events, gaps, and the passes themselves."""

from collections.abc import Mapping, Sequence

import duckdb

from pgvigil.model import SERVER, Batch, Outcome, Value
from pgvigil.store.frame import Frame, frame, is_small, staged, written_out
from pgvigil.store.known import Known
from pgvigil.store.pack import Packed
from pgvigil.store.remembered import Remembered, encode
from pgvigil.store.series import (
    INCARNATION,
    MOMENT,
    PASSES,
    TARGET,
    TS,
    Dimension,
    Field,
    Layout,
    dimension_of,
)
from pgvigil.store.text import ident, moment, sql

_PROBE = PASSES.keys[0]
_WORDS = tuple(Field(name, "VARCHAR", "VARCHAR") for name in ("kind", "subject", "before", "after", "detail"))
_SINCE, _UNTIL = Field("since", "TIMESTAMP", "TIMESTAMP"), Field("until", "TIMESTAMP", "TIMESTAMP")
_REASON, _DETAIL = Field("reason", "VARCHAR", "VARCHAR"), Field("detail", "VARCHAR", "VARCHAR")


def append(
    cursor: duckdb.DuckDBPyConnection,
    packed: Sequence[Packed],
    lost: Sequence[Packed],
    number: int,
    layout: Layout,
    known: Known,
) -> None:
    """Write these batches, and of `lost` ones the gaps, events and texts they hold.

    The caller begins and ends the transaction; `number` is higher than that of any append before.
    """
    for one in (*lost, *packed):
        _append_rows(cursor, one, layout, known)
    batches = [one.batch for one in (*lost, *packed)]
    _insert(cursor, "passes_open", _passes(packed))
    _remember(cursor, packed, number)
    _append_events(cursor, batches)
    _append_gaps(cursor, batches)


def _append_rows(cursor: duckdb.DuckDBPyConnection, one: Packed, layout: Layout, known: Known) -> None:
    batch = one.batch
    whose = {"target": str(batch.target), "incarnation": str(batch.incarnation)}
    series = layout.series.get(batch.probe)
    if series and one.facts:
        secs = "NULL" if batch.secs is None else repr(float(batch.secs))
        constants = {"ts": moment(batch.ts), "secs": secs, **whose}
        if series.once:
            _insert_new(cursor, f"{series.name}_open", series.keys, one.facts, constants)
        else:
            _insert(cursor, f"{series.name}_open", one.facts, constants)
    if one.texts:
        dimension = layout.dimensions[dimension_of(layout.probes[batch.probe]) or ""]
        if known.news(dimension, whose, one.texts):
            _tell(cursor, dimension, one.texts, {**whose, "first_seen": moment(batch.ts)})


def _tell(cursor: duckdb.DuckDBPyConnection, dimension: Dimension, rows: Frame, constants: Mapping[str, str]) -> None:
    """Keep texts that are new, or other than before."""
    there = [field.name for field in dimension.texts if field.name in rows.columns]
    match = _match(dimension.keys, rows, {name: constants[name] for name in ("target", "incarnation")})
    if there:
        changes = ", ".join(f"{ident(name)} = coalesce(new.{ident(name)}, kept.{ident(name)})" for name in there)
        changed = " OR ".join(
            f"(new.{ident(name)} IS NOT NULL AND new.{ident(name)} IS DISTINCT FROM kept.{ident(name)})"
            for name in there
        )
        with staged(cursor, rows) as (source, parameters):
            statement = sql(
                "update_texts",
                table=ident(dimension.name), source=source, changes=changes, match=match, changed=changed,
            )  # fmt: skip
            cursor.execute(statement, parameters)
    _insert_new(cursor, dimension.name, dimension.keys, rows, constants)


def _insert(
    cursor: duckdb.DuckDBPyConnection, table: str, rows: Frame, constants: Mapping[str, str] | None = None
) -> None:
    constants = constants or {}
    columns = ", ".join(map(ident, (*constants, *rows.columns)))
    if is_small(rows):
        cursor.execute(sql("insert_values", table=ident(table), columns=columns, values=written_out(rows, constants)))
        return
    values = ", ".join((*constants.values(), *map(ident, rows.columns)))
    with staged(cursor, rows) as (source, parameters):
        cursor.execute(sql("insert", table=ident(table), columns=columns, values=values, source=source), parameters)


def _insert_new(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    keys: Sequence[Field],
    rows: Frame,
    constants: Mapping[str, str],
) -> None:
    """Insert the rows whose key is not there yet."""
    whose = {name: constants[name] for name in ("target", "incarnation")}
    with staged(cursor, rows) as (source, parameters):
        statement = sql(
            "insert_new",
            table=ident(table),
            columns=", ".join(map(ident, (*constants, *rows.columns))),
            values=", ".join((*constants.values(), *(f"new.{ident(name)}" for name in rows.columns))),
            source=source,
            keys=", ".join(f"new.{ident(field.name)}" for field in keys if field.name in rows.columns) or "true",
            match=_match(keys, rows, whose),
        )
        cursor.execute(statement, parameters)


def _match(keys: Sequence[Field], rows: Frame, whose: Mapping[str, str]) -> str:
    """The condition that joins `new` to `kept`; a NULL in a key is a value like others."""
    parts = [f"kept.{ident(name)} = {value}" for name, value in whose.items()]
    for field in keys:
        name = ident(field.name)
        there = field.name in rows.columns
        parts.append(f"kept.{name} IS NOT DISTINCT FROM new.{name}" if there else f"kept.{name} IS NULL")
    return " AND ".join(parts)


def _frame(fields: Sequence[Field], rows: Sequence[tuple[Value, ...]]) -> Frame:
    return frame(list(zip(fields, zip(*rows, strict=True), strict=True)), len(rows))


def _passes(packed: Sequence[Packed]) -> Frame:
    rows: list[tuple[Value, ...]] = [
        (
            *(one.batch.ts, one.batch.secs, one.batch.target, one.batch.incarnation),
            *(one.batch.probe, one.batch.outcome.value, 1, one.batch.complete, one.batch.reason),
            *(one.batch.elapsed_ms, one.batch.elapsed_ms, one.rows, one.batch.samples),
            *(one.batch.epoch, one.batch.pass_no),
        )
        for one in packed
    ]
    return _frame((*MOMENT, *PASSES.keys, *PASSES.values), rows)


def _remember(cursor: duckdb.DuckDBPyConnection, packed: Sequence[Packed], number: int) -> None:
    """Write where to go on from: per target one row of all that was read."""
    by_target: dict[int, list[Remembered]] = {}
    for one in packed:
        batch = one.batch
        # What failed leaves only its number, which must not outlive the database that it failed in.
        read_at, place = (batch.ts, batch.place) if batch.outcome is Outcome.OK else (None, SERVER)
        who = (batch.incarnation, batch.probe, place, batch.epoch, batch.pass_no)
        part = Remembered(*who, read_at, one.last, one.gone)
        by_target.setdefault(batch.target, []).append(part)
    for target, parts in by_target.items():
        cursor.execute(sql("remember"), [target, number, encode(parts)])


def _append_events(cursor: duckdb.DuckDBPyConnection, batches: Sequence[Batch]) -> None:
    rows: list[tuple[Value, ...]] = [
        (
            *(event.ts, batch.target, batch.incarnation, batch.probe),
            *(event.kind, event.subject, event.before, event.after, event.detail),
        )
        for batch in batches
        for event in batch.events
    ]
    if rows:
        _insert(cursor, "events", _frame((TS, TARGET, INCARNATION, _PROBE, *_WORDS), rows))


def _append_gaps(cursor: duckdb.DuckDBPyConnection, batches: Sequence[Batch]) -> None:
    rows: list[tuple[Value, ...]] = [
        (gap.since, gap.until, batch.target, batch.incarnation, batch.probe, gap.reason, gap.detail)
        for batch in batches
        for gap in batch.gaps
    ]
    if rows:
        _insert(cursor, "gaps", _frame((_SINCE, _UNTIL, TARGET, INCARNATION, _PROBE, _REASON, _DETAIL), rows))
