"""Files made with other definitions are brought up to date."""

from dataclasses import replace

import duckdb
import pytest

from pgvigil.catalog.types import STORE_TABLES, Kind, Type
from pgvigil.store import StoreError, open_store
from pgvigil.store.schema import _BUILT_IN
from store.toys import (
    ALL,
    HOUR,
    KEY,
    SECOND,
    START,
    STATEMENTS,
    TABLES,
    WAL,
    batch,
    calls,
    catalog,
    column,
    reading,
    without,
)


def test_the_catalog_knows_the_tables_of_the_store_itself() -> None:
    assert set(_BUILT_IN) | {"passes"} == STORE_TABLES


def upkeep(store: object, now: int) -> None:
    while store.maintain(now):  # type: ignore[attr-defined]
        pass


def test_a_new_column_and_a_new_probe_migrate_a_store(url: str) -> None:
    old = without(STATEMENTS, "hits", "stats_since", "max_exec_time")
    store = open_store(url, KEY, catalog(old))
    store.append([calls(START + SECOND, (1, 5))])
    upkeep(store, START + 2 * HOUR)
    last = [(10, 1, 100)]
    store.append([replace(calls(START + 2 * HOUR, (1, 7)), names=("userid", "queryid", "calls"), rows=(), last=last)])
    store.close()
    store = open_store(url, KEY, catalog())
    names = ("userid", "queryid", "calls", "hits")
    store.append([batch("statements", START + 3 * HOUR, names, [(10, 1, 1, 9, False)])])
    store.append([batch("wal", START + 3 * HOUR, ("wal_bytes",), [(4, False)])])
    upkeep(store, START + 5 * HOUR)
    assert store.query("SELECT sum(calls), sum(hits) FROM statements").rows == [(6, 9)]
    assert store.query("SELECT calls, hits FROM statements_1h ORDER BY ts").rows == [(5, None), (1, 9)]
    found = reading(store, "statements")
    assert found is not None
    assert dict(zip(found.names, found.rows[0], strict=True))["calls"] == 100
    store.close()


def test_a_new_key_column_keeps_what_was_told_without_it(url: str) -> None:
    old = replace(without(STATEMENTS, "userid"), key=("queryid",))
    store = open_store(url, KEY, catalog(old))
    store.append([batch("statements", START, ("queryid", "calls"), [(1, 5, False)], last=[(1, 5)])])
    store.close()
    store = open_store(url, KEY, catalog())
    store.append([calls(START + SECOND, (1, 6))])
    assert store.query("SELECT userid, sum(calls) FROM statements GROUP BY ALL ORDER BY 1").rows == [(10, 6), (None, 5)]
    found = reading(store, "statements")
    assert found is not None
    assert found.rows[0][:3] == (None, 1, 5)
    store.close()


def test_a_new_text_column_migrates_a_dimension(url: str) -> None:
    store = open_store(url, KEY, catalog(without(TABLES, "schemaname")))
    names = ("dbid", "relid", "relname", "seq_scan")
    store.append([batch("tables", START, names, [(1, 2, "t", 1, False)])])
    store.close()
    store = open_store(url, KEY, catalog())
    more = ("dbid", "relid", "schemaname", "relname", "seq_scan")
    store.append([batch("tables", START + SECOND, more, [(1, 2, "public", "t", 1, False)])])
    found = store.query("SELECT relname, schemaname, epoch_us(first_seen) FROM relation_names").rows
    assert found == [("t", "public", START)]
    store.close()


def test_a_type_that_grew_is_taken_over(url: str) -> None:
    store = open_store(url, KEY, catalog())
    store.append([batch("tables", START, ("dbid", "relid", "relpages"), [(1, 2, 77, False)])])
    store.close()
    columns = {**TABLES.columns, "relpages": column("relpages", Kind.GAUGE, Type.FLOAT8)}
    store = open_store(url, KEY, catalog(replace(TABLES, columns=columns)))
    assert store.query("SELECT relpages, typeof(relpages) FROM tables").rows == [(77.0, "DOUBLE")]
    store.close()


def test_a_type_that_does_not_fit_is_refused_and_nothing_changes(url: str) -> None:
    store = open_store(url, KEY, catalog())
    names = ("name", "value")
    store.append([batch("settings", START, names, [("work_mem", "4MB")])])
    store.close()
    settings = catalog().probes["settings"]
    columns = {**settings.columns, "value": column("value", Kind.GAUGE, Type.INT8)}
    with pytest.raises(StoreError, match="Column value of settings_open is kept as VARCHAR and now declared BIGINT"):
        open_store(url, KEY, catalog(WAL, replace(settings, columns=columns)))
    store = open_store(url, KEY, catalog())
    assert store.query("SELECT value FROM settings").rows == [("4MB",)]
    store.close()


def test_a_probe_no_longer_declared_stays_in_the_file(url: str) -> None:
    store = open_store(url, KEY, catalog())
    store.append([calls(START, (1, 5))])
    store.close()
    store = open_store(url, KEY, catalog(WAL))
    assert store.select("SELECT sum(calls) FROM statements").rows == [(5,)]
    store.close()
    store = open_store(url, KEY, catalog())
    assert store.query("SELECT sum(calls) FROM statements").rows == [(5,)]
    store.close()


def test_names_that_cannot_stand_together_are_refused(url: str) -> None:
    taken = [
        ([replace(WAL, name="events")], "the table events is that of the store itself"),
        ([replace(WAL, name="wal_raw"), WAL], "wal_raw"),
        ([TABLES, replace(WAL, name="relation_names")], "relation_names"),
        ([TABLES, replace(TABLES, name="indexes", key=("relid",))], "the keys have to be the same"),
        ([replace(WAL, name="statements"), replace(TABLES, dimension="statements")], "the table statements is that of"),
    ]
    for probes, complaint in taken:
        with pytest.raises(StoreError, match=complaint):
            open_store(url, KEY, catalog(*probes))


def test_the_views_of_a_kept_store_can_be_read_by_the_engine_alone(url: str) -> None:
    # The file is a public interface: whoever has the key reads it with DuckDB and nothing of ours.
    store = open_store(url, KEY, catalog())
    store.append([calls(START, (1, 5))])
    names = {name for (name,) in store.select("SHOW TABLES").rows}
    assert {probe.name for probe in ALL} <= names
    with store._engine.cursor() as cursor, pytest.raises(duckdb.Error):
        cursor.execute("SELECT * FROM no_such")
    store.close()
