"""Samples counted into buckets of ten seconds."""

import pytest

from pgvigil.catalog.types import Column, Kind, Privacy, Rollup, Type
from pgvigil.collect.buckets import LENGTH, OTHER, Buckets
from pgvigil.collect.sampler import sample_of

S = 1_000_000
COLUMNS = (
    Column("application", Kind.KEY, Type.TEXT, "", privacy=Privacy.NAME),
    Column("state", Kind.KEY, Type.TEXT, "", privacy=Privacy.WORD),
    Column("queryid", Kind.KEY, Type.INT8, ""),
    Column("age", Kind.GAUGE, Type.FLOAT8, "", unit="s", rollup=Rollup.MAX),
)


def test_a_bucket_ends_at_a_multiple_of_ten_seconds_and_says_how_often_it_was_looked() -> None:
    buckets = Buckets(COLUMNS)
    assert buckets.names == ("application", "state", "queryid", "age", "samples")
    for second in range(3, 10):
        assert buckets.add(second * S, [("web", "active", 7, float(second))]) is None
    bucket = buckets.add(10 * S, [])
    assert bucket is not None
    assert (bucket.until, bucket.secs, bucket.samples) == (LENGTH, 10.0, 7)
    assert bucket.rows == [("web", "active", 7, 9.0, 7)]


@pytest.mark.parametrize(
    ("rollup", "seen"), [(Rollup.SUM, 12.0), (Rollup.LAST, 4.0), (Rollup.MAX, 6.0), (Rollup.MIN, 2.0)]
)
def test_every_roll_up_does_what_it_says_within_a_bucket_and_beyond_its_top(rollup: Rollup, seen: float) -> None:
    columns = (*COLUMNS[:3], Column("age", Kind.GAUGE, Type.FLOAT8, "", rollup=rollup))
    for top in (200, 0):
        buckets = Buckets(columns, top=top)
        for second, age in enumerate((2.0, 6.0, None, 4.0)):
            buckets.add(second * S, [("web", "active", 7, age)])
        bucket = buckets.end()
        assert bucket is not None
        assert [row[3:] for row in bucket.rows] == [(seen, 4)]
    buckets = Buckets(columns, top=0)
    buckets.add(S, [("web", "active", number, age) for number, age in enumerate((2.0, 6.0, 4.0))])
    bucket = buckets.end()
    assert bucket is not None
    assert [row[3:] for row in bucket.rows] == [(seen, 3)]


def test_a_sample_without_sessions_is_a_sample() -> None:
    buckets = Buckets(COLUMNS)
    buckets.add(1 * S, [])
    bucket = buckets.end()
    assert bucket is not None
    assert (bucket.samples, list(bucket.rows)) == (1, [])
    assert buckets.end() is None


def test_two_sessions_alike_count_twice_in_one_sample() -> None:
    buckets = Buckets(COLUMNS)
    buckets.add(1 * S, [("web", "active", 7, 1.0), ("web", "active", 7, None)])
    bucket = buckets.end()
    assert bucket is not None
    assert bucket.rows == [("web", "active", 7, 1.0, 2)]


def test_looks_that_failed_are_no_samples() -> None:
    buckets = Buckets(COLUMNS)
    buckets.failed(1 * S, "lock", 50.0)
    buckets.add(2 * S, [], 1.5)
    bucket = buckets.failed(11 * S, "deadline", 500.0)
    assert bucket is not None
    assert (bucket.samples, bucket.failures, bucket.elapsed_ms) == (1, ("lock",), 51.5)


def test_what_the_looks_of_a_bucket_took_is_added_up() -> None:
    buckets = Buckets(COLUMNS)
    for second in range(4):
        buckets.add(second * S, [], 0.5)
    first = buckets.add(10 * S, [], 3.0)
    second_ = buckets.end()
    assert first is not None
    assert second_ is not None
    assert (first.elapsed_ms, second_.elapsed_ms) == (2.0, 3.0)


def test_beyond_the_top_only_words_stay_and_nothing_is_lost() -> None:
    buckets = Buckets(COLUMNS, top=2)
    for queryid in range(5):
        for _ in range(10 - queryid):
            state = "active" if queryid % 2 else "idle in transaction"
            buckets.add(1 * S, [(f"app {queryid}", state, queryid, float(queryid))])
    bucket = buckets.end()
    assert bucket is not None
    assert [row[-1] for row in bucket.rows[:2]] == [10, 9]
    assert sorted(bucket.rows[2:], key=str) == [
        (OTHER, "active", None, 3.0, 7),
        (OTHER, "idle in transaction", None, 4.0, 14),
    ]
    assert sum(int(str(row[-1])) for row in bucket.rows) == 10 + 9 + 8 + 7 + 6


def test_a_sample_tells_active_work_by_what_it_waits_for_and_clients_by_state() -> None:
    names = ("backend_type", "state", "wait_event_type")
    rows = [
        ("client backend", "active", None),
        ("client backend", "active", "Lock"),
        ("client backend", "idle in transaction", "Client"),
        ("parallel worker", "active", None),
        ("walsender", "active", "Client"),
    ]
    sample = sample_of(5, names, rows)
    assert sample.active == {None: 2, "Lock": 1}
    assert sample.connections == {"active": 2, "idle in transaction": 1}
