"""What the catalog means for the store: which tables there are and how their columns become those of coarser tiers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pgvigil.catalog.types import STORE_SUFFIXES, STORE_TABLES, Catalog, Column, Kind, Probe, Rollup, Shape, Type
from pgvigil.store.errors import StoreError

_TYPES = {
    Type.BOOL: "BOOLEAN",
    Type.INT4: "INTEGER",
    Type.INT8: "BIGINT",
    Type.OID: "UINTEGER",
    Type.FLOAT8: "DOUBLE",
    Type.TEXT: "VARCHAR",
    Type.TIMESTAMPTZ: "TIMESTAMP",
}
_DECIMALS = {"ms": 6, "ms2": 9, "s": 9}
"""PostgreSQL counts time in nanoseconds; further digits of a difference, a mean or a deviation are the noise of
floating point, which takes the room of two numbers and tells nothing."""
_OF_A_MEAN = 6
"""Decimals of a mean of what has no unit of time."""

_NUMBERS = frozenset({Type.INT4, Type.INT8, Type.FLOAT8})


@dataclass(frozen=True, slots=True)
class Field:
    """A column as kept: its type in every tier, the type it is read as, how it rolls up (None: part of the key),
    to how many decimals it is rounded in every tier (None: not at all), and whether it is kept only where it changed
    (`steady.py`)."""

    name: str
    type: str
    read_as: str
    rollup: Rollup | None = None
    decimals: int | None = None
    steady: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """Facts of one probe: tables `<name>_open` (as they came), `<name>_closed` (sorted), `<name>_1m`, `<name>_1h`,
    `<name>_1d`.

    `once` is for the shape `events`: a row is kept once per key, in `<name>_open` alone.
    """

    name: str
    keys: tuple[Field, ...]
    values: tuple[Field, ...]
    uncertain: bool = False
    remembers: bool = False
    once: bool = False

    @property
    def fields(self) -> tuple[Field, ...]:
        """Keys, values and, for counters, whether they are uncertain."""
        return (*self.keys, *self.values, *((UNCERTAIN,) if self.uncertain else ()))

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns, in the order of the tables."""
        return (*(field.name for field in MOMENT), *(field.name for field in self.fields))


@dataclass(frozen=True, slots=True)
class Dimension:
    """Texts that belong to a key, kept once per target, incarnation and key."""

    name: str
    keys: tuple[Field, ...]
    texts: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything the catalog asks of the store."""

    probes: Mapping[str, Probe]
    series: Mapping[str, Series]
    dimensions: Mapping[str, Dimension]


TS = Field("ts", "TIMESTAMP", "TIMESTAMP")
SECS = Field("secs", "DOUBLE", "DOUBLE")
TARGET = Field("target", "INTEGER", "INTEGER")
INCARNATION = Field("incarnation", "INTEGER", "INTEGER")
UNCERTAIN = Field("uncertain", "BOOLEAN", "BOOLEAN", Rollup.MAX)
SAMPLES = Field("samples", "BIGINT", "BIGINT", Rollup.SUM)

MOMENT = (TS, SECS, TARGET, INCARNATION)
WHOSE = (TARGET, INCARNATION)


def _own(name: str, type_: str, rollup: Rollup | None = None, decimals: int | None = None) -> Field:
    return Field(name, type_, type_, rollup, decimals)


PASSES = Series(
    "passes",
    keys=(_own("probe", "VARCHAR"), _own("outcome", "VARCHAR")),
    values=(
        _own("runs", "BIGINT", Rollup.SUM),
        _own("complete", "BOOLEAN", Rollup.MAX),
        _own("reason", "VARCHAR", Rollup.LAST),
        _own("elapsed_ms", "DOUBLE", Rollup.SUM, 3),
        _own("elapsed_ms_max", "DOUBLE", Rollup.MAX, 3),
        _own("rows", "BIGINT", Rollup.SUM),
        _own("samples", "BIGINT", Rollup.SUM),
        _own("epoch", "INTEGER", Rollup.LAST),
        _own("pass_no", "BIGINT", Rollup.LAST),
    ),
)
"""A row per probe and pass; in coarser tiers one per probe and outcome, `runs` telling how many."""


def lay_out(catalog: Catalog) -> Layout:
    """The series and dimensions of a catalog; raises StoreError where two definitions cannot stand together."""
    series = {
        probe.name: _series(probe)
        for probe in catalog.probes.values()
        if probe.kept and probe.shape is not Shape.DIMENSION
    }
    dimensions = _dimensions(catalog.probes.values())
    _check_names(series, dimensions)
    return Layout(catalog.probes, {PASSES.name: PASSES, **series}, dimensions)


def dimension_of(probe: Probe) -> str | None:
    """The name of the dimension that holds a probe's texts, or None where it has none."""
    if probe.shape is Shape.DIMENSION:
        return probe.dimension or probe.name
    return probe.dimension


def _series(probe: Probe) -> Series:
    values = [_value(column) for column in probe.columns.values() if column.kind not in {Kind.KEY, Kind.TEXT}]
    if probe.shape is Shape.SAMPLES:
        values.append(SAMPLES)
    return Series(
        probe.name,
        keys=tuple(_key(probe.columns[name]) for name in probe.key),
        values=tuple(values),
        uncertain=probe.shape is Shape.COUNTERS,
        remembers=probe.shape in {Shape.COUNTERS, Shape.SNAPSHOT},
        once=probe.shape is Shape.EVENTS,
    )


def _key(column: Column) -> Field:
    return Field(column.name, _TYPES[column.type], _TYPES[column.type])


def _value(column: Column) -> Field:
    read_as = _TYPES[column.type]
    rollup = column.rollup or (Rollup.SUM if column.kind is Kind.COUNTER else Rollup.LAST)
    if rollup in {Rollup.SUM, Rollup.AVG} and column.type not in _NUMBERS:
        raise StoreError(f"Column {column.name} is a {column.type}; rollup = {rollup} is for numbers.")
    if rollup is Rollup.AVG:
        return Field(column.name, "DOUBLE", read_as, rollup, _DECIMALS.get(column.unit, _OF_A_MEAN))
    if rollup is Rollup.SUM and column.type is Type.INT4:
        return Field(column.name, "BIGINT", read_as, rollup)  # a sum of many may exceed 2^31
    decimals = _DECIMALS.get(column.unit) if column.type is Type.FLOAT8 else None
    return Field(column.name, read_as, read_as, rollup, decimals, column.steady)


def _dimensions(probes: Iterable[Probe]) -> dict[str, Dimension]:
    found: dict[str, Dimension] = {}
    for probe in probes:
        name = dimension_of(probe)
        if name is None:
            continue
        keys = tuple(_key(probe.columns[key]) for key in probe.key)
        texts = tuple(_key(column) for column in probe.columns.values() if column.kind is Kind.TEXT)
        before = found.get(name, Dimension(name, keys, ()))
        if before.keys != keys:
            raise StoreError(
                f"Probe {probe.name} keeps its texts in dimension {name} by {_names(keys)}, "
                f"another probe by {_names(before.keys)}; the keys have to be the same."
            )
        known = {field.name for field in before.texts}
        found[name] = Dimension(name, keys, (*before.texts, *(field for field in texts if field.name not in known)))
    return found


def _names(fields: Iterable[Field]) -> str:
    return "(" + ", ".join(field.name for field in fields) + ")"


def _check_names(series: Mapping[str, Series], dimensions: Mapping[str, Dimension]) -> None:
    owners = dict.fromkeys(STORE_TABLES | _names_of(PASSES), "the store itself")
    for name in (*series, *dimensions):
        mine = _names_of(series[name]) if name in series else {name}
        taken = next((one for one in sorted(mine) if one in owners), None)
        if taken:
            raise StoreError(f"{name} cannot be called that: the table {taken} is that of {owners[taken]}.")
        owners.update(dict.fromkeys(mine, name))


def _names_of(series: Series) -> set[str]:
    """Its tables and views."""
    return {series.name + suffix for suffix in ("", *STORE_SUFFIXES)}
