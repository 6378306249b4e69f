"""The tables of the store, made and brought up to date from what the catalog declares.

A column or a probe that is new is added; one that is no longer declared stays in the file and out of the views.
"""

from collections.abc import Mapping

import duckdb

from pgvigil.store.errors import StoreError, StoreVersionError
from pgvigil.store.series import INCARNATION, MOMENT, TARGET, TS, Dimension, Field, Layout, Series
from pgvigil.store.text import ident, sql
from pgvigil.store.tiers import TIERS
from pgvigil.store.transaction import transaction

VERSION = 1
"""Of the tables that do not come from the catalog; raised with a migration in `_MIGRATIONS`."""

_MIGRATIONS: Mapping[int, str] = {}
"""By the version they start from: the name of a file in `sql/`."""

Tables = dict[str, dict[str, str]]

_BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "meta": {"name": "VARCHAR", "value": "VARCHAR"},
    "targets": {"target": "INTEGER", "name": "VARCHAR", "cpus": "DOUBLE", "labels": "VARCHAR"},
    "incarnations": {
        "target": "INTEGER",
        "incarnation": "INTEGER",
        "system_identifier": "BIGINT",
        "version_num": "INTEGER",
        "timeline": "INTEGER",
        "since": "TIMESTAMP",
    },
    "epochs": {"target": "INTEGER", "epoch": "INTEGER", "since": "TIMESTAMP"},
    # Last readings and how far each probe has come; see `remembered.py`.
    "readings": {"target": "INTEGER", "no": "BIGINT", "content": "BLOB"},
    "events": {
        "ts": "TIMESTAMP",
        "target": "INTEGER",
        "incarnation": "INTEGER",
        "probe": "VARCHAR",
        "kind": "VARCHAR",
        "subject": "VARCHAR",
        "before": "VARCHAR",
        "after": "VARCHAR",
        "detail": "VARCHAR",
    },
    "gaps": {
        "since": "TIMESTAMP",
        "until": "TIMESTAMP",
        "target": "INTEGER",
        "incarnation": "INTEGER",
        "probe": "VARCHAR",
        "reason": "VARCHAR",
        "detail": "VARCHAR",
    },
    # Where each tier of a series begins and ends; see `boundaries.py`.
    "boundaries": {
        "series": "VARCHAR",
        "rolled": "TIMESTAMP",
        "raw_from": "TIMESTAMP",
        "minutes_from": "TIMESTAMP",
        "raw_gone": "TIMESTAMP",
        "minutes_gone": "TIMESTAMP",
        "minutes_sorted": "TIMESTAMP",
        "hours_sorted": "TIMESTAMP",
        "days_rolled": "TIMESTAMP",
        "days_sorted": "TIMESTAMP",
    },
    "reopened": {"series": "VARCHAR", "hour": "TIMESTAMP"},
}


def tables(layout: Layout) -> Tables:
    """Every table and its columns with their types."""
    wanted: Tables = {name: dict(columns) for name, columns in _BUILT_IN.items()}
    for series in layout.series.values():
        wanted.update(_tables_of(series))
    for dimension in layout.dimensions.values():
        wanted[dimension.name] = _columns_of_dimension(dimension)
    return wanted


def _tables_of(series: Series) -> Tables:
    facts = {field.name: field.type for field in (*MOMENT, *series.fields)}
    if series.once:
        return {f"{series.name}_open": facts}
    readings = {f"{series.name}_{tier}": dict(facts) for tier in ("open", "closed")}
    # Buckets end with whole minutes, and a number of seconds takes half of the room of one of microseconds.
    return readings | {f"{series.name}_{tier}": {**facts, TS.name: "TIMESTAMP_S"} for tier in TIERS}


def _columns_of_dimension(dimension: Dimension) -> dict[str, str]:
    fields: tuple[Field, ...] = (TARGET, INCARNATION, *dimension.keys, *dimension.texts)
    return {**{field.name: field.type for field in fields}, "first_seen": "TIMESTAMP"}


def migrate(cursor: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    """Bring the file's tables to what `layout` wants, in one transaction; raises StoreError."""
    with transaction(cursor):
        _bring_to_version(cursor)
        found = _found(cursor)
        for table, columns in tables(layout).items():
            _bring_up_to_date(cursor, table, columns, found.get(table))


def check_version(cursor: duckdb.DuckDBPyConnection) -> int | None:
    """The version of the file's tables, None where it has none; raises StoreVersionError if it is newer than ours."""
    if "meta" not in _found(cursor):
        return None
    row = cursor.execute(sql("schema_version")).fetchone()
    version = int(row[0]) if row else None
    if version is not None and version > VERSION:
        raise StoreVersionError(
            f"The store has schema version {version}, this pgvigil knows up to {VERSION}. "
            "Install the pgvigil that wrote it, or a later one."
        )
    return version


def _bring_to_version(cursor: duckdb.DuckDBPyConnection) -> None:
    version = check_version(cursor)
    if version is None:
        _bring_up_to_date(cursor, "meta", dict(_BUILT_IN["meta"]), None)
        _set_version(cursor, VERSION)
        return
    for step in range(version, VERSION):
        cursor.execute(sql(_MIGRATIONS[step]))
        _set_version(cursor, step + 1)


def _set_version(cursor: duckdb.DuckDBPyConnection, version: int) -> None:
    cursor.execute(sql("forget_schema_version"))
    cursor.execute(sql("set_schema_version"), [str(version)])


def _found(cursor: duckdb.DuckDBPyConnection) -> Tables:
    found: Tables = {}
    for table, column, type_ in cursor.execute(sql("columns")).fetchall():
        found.setdefault(table, {})[column] = type_
    return found


def _bring_up_to_date(
    cursor: duckdb.DuckDBPyConnection, table: str, wanted: dict[str, str], found: dict[str, str] | None
) -> None:
    if found is None:
        columns = ", ".join(f"{ident(name)} {type_}" for name, type_ in wanted.items())
        cursor.execute(f"CREATE TABLE {ident(table)} ({columns})")
        return
    for name, type_ in wanted.items():
        if name not in found:
            cursor.execute(f"ALTER TABLE {ident(table)} ADD COLUMN {ident(name)} {type_}")
        elif found[name] != type_:
            _change_type(cursor, table, name, found[name], type_)


def _change_type(cursor: duckdb.DuckDBPyConnection, table: str, column: str, old: str, new: str) -> None:
    try:
        cursor.execute(f"ALTER TABLE {ident(table)} ALTER {ident(column)} SET DATA TYPE {new}")
    except duckdb.Error as error:
        raise StoreError(
            f"Column {column} of {table} is kept as {old} and now declared {new}, which what is kept does not fit: "
            f"{error}. Give the column another name."
        ) from None
