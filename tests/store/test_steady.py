"""What hardly ever moves is kept where it changed and once in every hour, and nothing is lost by it."""

from dataclasses import replace
from pathlib import Path

import pytest

from pgvigil.catalog.types import Kind, Type
from pgvigil.model import Batch, Value
from pgvigil.store import Store, open_store
from pgvigil.store.errors import BatchRefusedError
from store.test_tiers import upkeep
from store.toys import HOUR, KEY, MINUTE, SECOND, START, STATEMENTS, batch, catalog, column, reading

STEADY = {"min_exec_time", "max_exec_time", "stats_since", "workers"}
DECLARED = {**STATEMENTS.columns, "workers": column("workers", Kind.GAUGE, Type.INT4)}
COLUMNS = {name: replace(one, steady=name in STEADY) for name, one in DECLARED.items()}
CATALOG = catalog(replace(STATEMENTS, columns=COLUMNS))
NAMES = ("userid", "queryid", "calls", "max_exec_time", "min_exec_time", "stats_since")


def told(ts: int, *rows: tuple[int, float, float, int | None]) -> Batch:
    """A batch in which each (queryid, largest, smallest, since) was called once."""
    return batch("statements", ts, NAMES, [(10, row[0], 1, *row[1:], False) for row in rows])


@pytest.fixture
def steady(tmp_path: Path) -> Store:
    return open_store(f"duckdb://{tmp_path}/a.db", KEY, CATALOG)


def kept(store: Store, source: str = "statements_raw") -> list[tuple[Value, ...]]:
    columns = "queryid, max_exec_time, min_exec_time, epoch_us(stats_since)"
    return list(store.query(f"SELECT {columns} FROM {source} ORDER BY ts, queryid").rows)


def test_a_value_is_kept_where_it_changed_and_first_in_every_hour(steady: Store) -> None:
    steady.append([told(START + 10 * MINUTE, (1, 5.0, 1.0, START), (2, 7.0, 2.0, None))])
    steady.append([told(START + 20 * MINUTE, (1, 5.0, 1.0, START), (2, 7.0, 1.5, START))])
    steady.append([told(START + 30 * MINUTE, (1, 6.0, 1.0, START + 1), (2, 7.0, 1.5, START))])
    steady.append([told(START + 60 * MINUTE + 1, (1, 6.0, 1.0, START + 1))])
    assert kept(steady) == [
        (1, 5.0, 1.0, START), (2, 7.0, 2.0, None),
        (1, None, None, None), (2, None, 1.5, START),
        (1, 6.0, None, START + 1), (2, None, None, None),
        (1, 6.0, 1.0, START + 1),
    ]  # fmt: skip
    assert steady.query("SELECT sum(calls) FROM statements").rows == [(7,)]
    steady.close()


def test_hours_bear_the_last_the_largest_and_the_smallest_of_all_that_was_read(steady: Store) -> None:
    for step in range(1, 13):  # the smallest and largest begin anew in the middle of the hour
        values = (9.0, 2.0, START) if step < 7 else (4.0, 3.0, START + 30 * MINUTE)
        steady.append([told(START + 5 * step * MINUTE - SECOND, (1, *values))])
    upkeep(steady, START + 2 * HOUR)
    assert kept(steady, "statements_1h") == [(1, 9.0, 2.0, START + 30 * MINUTE)]
    told_once = [row for row in kept(steady, "statements_1m") if row[1:] != (None, None, None)]
    assert told_once == [(1, 9.0, 2.0, START), (1, 4.0, 3.0, START + 30 * MINUTE)]
    steady.close()


def test_the_last_reading_is_whole(steady: Store) -> None:
    for step in range(1, 4):
        row = (10, 1, 1, 5.0, 1.0, START)
        moved = batch("statements", START + step * MINUTE, NAMES, [(*row, False)], last=[row])
        steady.append([moved])
    found = reading(steady, "statements")
    assert found is not None
    values = dict(zip(found.names, found.rows[0], strict=True))
    assert [values[name] for name in NAMES] == [10, 1, 1, 5.0, 1.0, START]
    steady.close()


def test_after_an_append_that_failed_and_after_opening_again_values_are_told_anew(steady: Store) -> None:
    steady.append([told(START + 10 * MINUTE, (1, 5.0, 1.0, START))])
    twice = replace(told(START + 20 * MINUTE, (1, 6.0, 1.0, START)), samples=2**70)  # no BIGINT: all is undone
    with pytest.raises(BatchRefusedError):
        steady.append([twice])
    steady.append([told(START + 30 * MINUTE, (1, 6.0, 1.0, START))])
    steady.close()
    again = open_store(f"duckdb://{steady.location.file}", KEY, CATALOG)
    again.append([told(START + 40 * MINUTE, (1, 6.0, 1.0, START))])
    assert kept(again) == [(1, 5.0, 1.0, START), (1, 6.0, 1.0, START), (1, 6.0, 1.0, START)]
    again.close()


def test_integers_are_thinned_too(steady: Store) -> None:
    for step in range(1, 4):
        rows = [(10, queryid, 1, 3 if queryid < 3 else step, False) for queryid in range(1, 6)]
        names = ("userid", "queryid", "calls", "workers")
        steady.append([batch("statements", START + step * MINUTE, names, rows)])
    found = steady.query("SELECT queryid, list(workers ORDER BY ts) FROM statements_raw GROUP BY 1 ORDER BY 1").rows
    assert found == [(1, [3, None, None]), (2, [3, None, None]), *((n, [1, 2, 3]) for n in (3, 4, 5))]
    steady.close()
