"""A month of copies counts what so many hours would count, and is read as upkeep would have left it."""

from pathlib import Path

import pytest
from bench.repeat import Month, fill

from pgvigil.catalog import load
from pgvigil.model import Batch, Outcome, Secret
from pgvigil.store import open_store
from pgvigil.store.boundaries import HOUR, MINUTE
from pgvigil.store.engine import Engine

KEY = Secret("a key only for this test")
START = 400_000 * HOUR
NAMES = ("userid", "dbid", "queryid", "toplevel", "calls", "total_exec_time")
CALLS = 3


def batch(number: int, ts: int) -> Batch:
    rows = [(10, 5, queryid, True, CALLS, 1.5, False) for queryid in (1, 2)]
    return Batch(1, 1, "statements", 1, number, ts, 10.0, Outcome.OK, 1.0, names=NAMES, rows=rows)


def test_hours_come_from_the_driven_ones_in_turn() -> None:
    month = Month(START, START + 10 * HOUR, 2, (4, 6, 10))
    assert [(hour - START) // HOUR for hour in month.hours("closed")] == [7, 8, 9, 10]
    assert [(hour - START) // HOUR for hour in month.hours("1h")] == [3, 4, 5, 6, 7, 8, 9, 10]
    assert [(month.source(START + n * HOUR) - START) // HOUR for n in (3, 4, 9, 10)] == [1, 2, 1, 2]
    assert month.stretched("1m", 12) == 2.0


def test_the_sum_over_the_month_is_that_of_all_its_hours(tmp_path: Path) -> None:
    url = f"duckdb://{tmp_path}/month.db"
    store = open_store(url, KEY, load())
    passes = 12
    for number in range(1, passes + 1):
        store.append([batch(number, START + number * 5 * MINUTE)])
    while store.maintain(START + HOUR + 2 * MINUTE):
        pass
    series = [one for one in store.layout.series.values() if not one.once]
    store.close()

    engine = Engine(store.location, KEY)
    month = Month(START, START + 10 * HOUR, 1, (2, 5, 10))
    fill(engine, series, month)
    engine.close()

    store = open_store(url, KEY, load())
    try:
        ((calls, first, last),) = store.query("SELECT sum(calls), min(ts), max(ts) FROM statements").rows
        assert calls == 10 * passes * 2 * CALLS
        assert START < first <= START + HOUR
        assert last == month.end
        for hours in (1, 4, 10):
            source = store.relation("statements", month.end - hours * HOUR, month.end)
            ((calls,),) = store.query(f"SELECT sum(calls) FROM {source}").rows
            assert calls == hours * passes * 2 * CALLS, hours
    finally:
        store.close()


@pytest.mark.parametrize("tier", ["closed", "1m", "1h"])
def test_a_tier_begins_where_its_hours_do(tier: str) -> None:
    month = Month(START, START + 10 * HOUR, 1, (2, 5, 10))
    assert month.first(tier) == month.end - {"closed": 2, "1m": 5, "1h": 10}[tier] * HOUR
