"""Who is watched, and what holds within which incarnation of them: targets, incarnations, epochs."""

import json
from collections.abc import Mapping

import duckdb

from pgvigil.model import Identity
from pgvigil.store.text import sql


def target_id(cursor: duckdb.DuckDBPyConnection, name: str, cpus: float | None, labels: Mapping[str, str]) -> int:
    """The number of the target of this name, given for good at its first appearance."""
    about = {"name": name, "cpus": cpus, "labels": json.dumps(dict(labels), sort_keys=True)}
    row = cursor.execute(sql("update_target"), about).fetchone()
    if row is None:
        row = cursor.execute(sql("insert_target"), about).fetchone()
    return _number(row)


def begin_epoch(cursor: duckdb.DuckDBPyConnection, target: int, now: int) -> int:
    """The next epoch of a target; batches of earlier ones are no longer taken."""
    return _number(cursor.execute(sql("begin_epoch"), {"target": target, "now": now}).fetchone())


def incarnation(cursor: duckdb.DuckDBPyConnection, target: int, identity: Identity, now: int) -> int:
    """The number of the target's incarnation of this identity; an unknown part of an identity fits any."""
    about = {
        "target": target,
        "system_identifier": identity.system_identifier,
        "version_num": identity.version_num,
        "timeline": identity.timeline,
    }
    row = cursor.execute(sql("find_incarnation"), about).fetchone()
    if row is None:
        return _number(cursor.execute(sql("insert_incarnation"), {**about, "now": now}).fetchone())
    found = _number(row)
    cursor.execute(sql("complete_incarnation"), {**about, "incarnation": found})
    return found


def _number(row: tuple[object, ...] | None) -> int:
    if row is None or not isinstance(row[0], int):
        raise AssertionError(f"expected a number, got {row!r}")
    return row[0]
