"""Real rows of load R, by probe and pass, from the store that a reference run left: what the month is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.monitor import KEY
from bench.plan import Plan
from bench.reference import STORE, record
from bench.sql import text
from pgvigil.catalog.types import Catalog
from pgvigil.model import Secret, Value
from pgvigil.store import Store, open_store
from pgvigil.store.series import Field, Series

Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Readings:
    """Facts of one probe: `passes` are its rows pass by pass, in the order of time; `full` those of its first pass,
    where that brought any."""

    names: tuple[str, ...]
    passes: Sequence[Sequence[Row]]
    full: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Pool:
    """What load R told, by probe; `texts` of its statements by queryid."""

    readings: Mapping[str, Readings]
    texts: Mapping[int, str]


def load(plan: Plan, catalog: Catalog) -> Pool:
    """The rows of the reference run of this bench; where there was none, of a short one made now."""
    file = plan.work / STORE / "pgvigil.db"
    if not file.exists():
        record(plan)
    return read(file, catalog)


def read(file: Path, catalog: Catalog) -> Pool:
    """The rows in a store that no process has open."""
    store = open_store(f"duckdb://{file}", Secret(KEY), catalog)
    try:
        names = [name for name, series in store.layout.series.items() if name in catalog.probes and not series.once]
        texts = {row[0]: row[1] for row in store.query(text("texts")).rows}
        return Pool({name: _readings(store, name) for name in names}, texts)
    finally:
        store.close()


def _readings(store: Store, name: str) -> Readings:
    names = tuple(field.name for field in store.layout.series[name].fields)
    columns = ", ".join(_told(store.layout.series[name], field) for field in store.layout.series[name].fields)
    full = {row[0] for row in store.query(text("full_passes"), {"probe": name}).rows}
    by_pass: dict[int, list[Row]] = {}
    for moment, *row in store.query(text("facts").format(columns=columns, table=f"{name}_raw")).rows:
        by_pass.setdefault(moment, []).append(tuple(row))
    whole = [rows for moment, rows in by_pass.items() if moment in full]
    if store.layout.probes[name].keyframe is None:
        return Readings(names, _later_half(list(by_pass.values())), ())
    changes = [rows for moment, rows in by_pass.items() if moment not in full]
    return Readings(names, _later_half(changes), whole[0] if whole else ())


def _told(series: Series, field: Field) -> str:
    """A column; one that is kept only where it changed, carried forward."""
    if not field.steady:
        return f'"{field.name}"'
    keys = ", ".join(["target", "incarnation", *(f'"{key.name}"' for key in series.keys)])
    return f'last_value("{field.name}" IGNORE NULLS) OVER (PARTITION BY {keys} ORDER BY ts) AS "{field.name}"'


def _later_half(passes: list[list[Row]]) -> list[list[Row]]:
    """The first passes of a run hold what starting the load moved."""
    return passes[len(passes) // 2 :]
