"""Rolling up, rewriting and retiring change nothing that is told."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pgvigil.catalog.types import Catalog, Kind, Rollup, Shape, Type
from pgvigil.model import Batch, Outcome, Value
from pgvigil.store import Retention, Store, boundaries, maintenance, open_store
from pgvigil.store.boundaries import Boundaries
from pgvigil.store.series import Series
from store.toys import (
    ALL,
    DAY,
    HOUR,
    KEY,
    MINUTE,
    SECOND,
    START,
    STATEMENTS,
    batch,
    calls,
    catalog,
    column,
    probe,
    reading,
)
from toys import COUNTERS, load_toy

SHORT = Retention(raw=2 * 3_600, minutes=5 * 3_600, hours=400 * 86_400)


EVENING = START + 19 * HOUR
"""Five hours before the day is over."""

TIMED = ((Kind.COUNTER, Kind.GAUGE, Kind.GAUGE), (Rollup.SUM, Rollup.MAX, Rollup.AVG))


def upkeep(store: Store, now: int) -> int:
    """Do everything that is due; how many steps it took."""
    steps = 0
    while store.maintain(now):
        steps += 1
    return steps


def total(store: Store, source: str = "statements", what: str = "sum(calls)") -> Value:
    value: Value = store.query(f"SELECT {what} FROM {source}").rows[0][0]
    return value


offsets = st.one_of(
    st.integers(1, 9 * 3_600).map(lambda second: second * SECOND),
    st.integers(0, 9 * 60).map(lambda minute: minute * MINUTE),
    st.integers(0, 9).map(lambda hour: hour * HOUR),
)
counted = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 2**40)), min_size=1, max_size=4, unique_by=lambda x: x[0]
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    passes=st.lists(st.tuples(offsets, counted), min_size=1, max_size=25),
    stops=st.lists(st.integers(0, 14), min_size=1, max_size=4),
    span=st.tuples(st.integers(0, 10), st.integers(0, 10)),
)
def test_the_sum_is_the_same_before_and_after_roll_up_rewrite_and_retention(
    passes: Sequence[tuple[int, Sequence[tuple[int, int]]]], stops: Sequence[int], span: tuple[int, int]
) -> None:
    # Upkeep is done at random moments amid the passes, so some of them come late, even behind all that is kept raw.
    with TemporaryDirectory() as directory:
        store = open_store(f"duckdb://{directory}/a.db", KEY, catalog(), retention=SHORT)
        batches = [
            replace(calls(EVENING + offset, *rows), pass_no=number) for number, (offset, rows) in enumerate(passes)
        ]
        told = 0
        for first in range(0, len(batches), 7):
            store.append(batches[first : first + 7])
            told += sum(count for _, rows in passes[first : first + 7] for _, count in rows)
            upkeep(store, EVENING + stops[first // 7 % len(stops)] * HOUR)
            assert total(store) == told
        for stop in sorted(stops):
            while store.maintain(EVENING + stop * HOUR):
                assert total(store) == told
        since, until = EVENING + min(span) * HOUR, EVENING + max(span) * HOUR
        expected = total(store, f"statements WHERE epoch_us(ts) > {since} AND epoch_us(ts) <= {until}")
        for step in (None, DAY):
            assert total(store, store.relation("statements", since, until, step)) == expected
            assert total(store, store.relation("statements", EVENING - DAY, EVENING + 9 * DAY, step)) == total(store)
        store.close()


EVERY = 5
"""Minutes between the passes of `day`."""

OF_DAY = sum(range(EVERY, 601, EVERY)) + 600 // EVERY


@pytest.fixture
def day(url: str) -> Store:
    """Ten hours of statements, every five minutes, after all upkeep: hours, minutes and readings all in use."""
    store = open_store(url, KEY, catalog(), retention=SHORT)
    store.append(
        [
            calls(START + minute * MINUTE, (1, minute), (2 + minute % 3, 1), secs=60.0 * EVERY)
            for minute in range(EVERY, 601, EVERY)
        ]
    )
    upkeep(store, START + 10 * HOUR + 2 * MINUTE)
    return store


def test_each_moment_counts_once_across_the_tiers(day: Store) -> None:
    tiers = {tier: total(day, f"statements_{tier}", "count(*)") for tier in ("open", "closed", "1m", "1h")}
    an_hour = 2 * 60 // EVERY
    assert tiers == {"open": 0, "closed": 10 * an_hour, "1m": 10 * an_hour, "1h": 10 * 4}
    assert total(day) == OF_DAY
    kept = "statements WHERE queryid = 1 AND ts {} make_timestamp({})"
    assert total(day, kept.format(">", START + 5 * HOUR), "count(*)") == 5 * 60 // EVERY
    assert total(day, kept.format("<=", START + 5 * HOUR), "count(*)") == 5
    # What the boundaries left behind is deleted when they move again.
    upkeep(day, START + 12 * HOUR)
    assert total(day, "statements_closed", "count(*)") == 2 * an_hour
    assert total(day, "statements_1m", "count(*)") == 10 * an_hour  # minutes go six hours at a time
    upkeep(day, START + 14 * HOUR)
    assert total(day, "statements_1m", "count(*)") == 4 * an_hour
    assert total(day) == OF_DAY
    day.close()


def test_minutes_and_hours_are_rewritten_sorted_by_key_once_their_stretch_is_complete(store: Store) -> None:
    def runs(tier: str) -> int:
        """How often the key changes in the order in which the rows lie."""
        keys = [row[0] for row in store.query(f"SELECT queryid FROM statements_{tier} ORDER BY rowid").rows]
        return 1 + len([one for one, other in pairwise(keys) if one != other])

    store.append([calls(START + half * 30 * MINUTE, (1, half), (2, 1), (3, 7)) for half in range(1, 2 * 27)])
    upkeep(store, START + 6 * HOUR)
    before = sum(half + 8 for half in range(1, 54))
    assert runs("1m") == runs("1h") == 3 * 5  # each hour by itself
    upkeep(store, START + 27 * HOUR)
    assert runs("1m") == 3 * 4 + 3 * 2  # four stretches of six hours, and two hours of the next
    assert runs("1h") == 3 + 3 * 2
    rolled = before - (53 + 8)  # the last half hour is still open
    assert [total(store), total(store, "statements_1m"), total(store, "statements_1h")] == [before, rolled, rolled]
    assert store.query("SELECT typeof(ts) FROM statements_1m LIMIT 1").rows == [("TIMESTAMP_S",)]
    late = replace(calls(START + HOUR + SECOND, (2, 500)), pass_no=10**12)
    store.append([late])
    upkeep(store, START + 27 * HOUR)
    assert [total(store), total(store, "statements_1m")] == [before + 500, rolled + 500]


def test_any_span_adds_up_as_in_the_view(day: Store) -> None:
    for since, until in ((0, 10), (1, 9), (5, 7), (7, 10), (9, 10), (4, 4), (0, 24 * 40)):
        low, high = START + since * HOUR, START + until * HOUR
        expected = total(day, f"statements WHERE epoch_us(ts) > {low} AND epoch_us(ts) <= {high}")
        for step in (None, SECOND, MINUTE, HOUR, high - low):
            assert total(day, day.relation("statements", low, high, step)) == expected
    low, high = START + 8 * HOUR + 5 * MINUTE + SECOND, START + 9 * HOUR + 7 * MINUTE
    expected = total(day, f"statements WHERE epoch_us(ts) > {low} AND epoch_us(ts) <= {high}")
    for step in (None, SECOND, MINUTE, HOUR, high - low):
        assert total(day, day.relation("statements", low, high, step)) == expected
    day.close()


def test_upkeep_done_is_done(day: Store, url: str) -> None:
    assert upkeep(day, START + 10 * HOUR + 2 * MINUTE) == 0
    before = total(day)
    day.close()
    again = open_store(url, KEY, catalog(), retention=SHORT)
    assert upkeep(again, START + 10 * HOUR + 2 * MINUTE) <= 3  # the daily sweep, and what lingered
    assert total(again) == before
    again.close()


def test_a_rate_over_a_bucket_counts_the_time_in_which_nothing_moved(store: Store) -> None:
    # Six passes of ten seconds; statement 1 moved in two of them by 30 calls each: one call a second over the minute.
    for step in range(1, 7):
        moved = [(1, 30)] if step in {2, 5} else [(2, 6)]
        store.append([calls(START + step * 10 * SECOND, *moved)])
    upkeep(store, START + 2 * HOUR)
    found = store.query("SELECT queryid, calls, secs, calls / secs FROM statements_1m ORDER BY queryid").rows
    assert found == [(1, 60, 60.0, 1.0), (2, 24, 60.0, 0.4)]
    assert store.query("SELECT calls, secs FROM statements_1h WHERE queryid = 1").rows == [(60, 60.0)]
    assert store.query("SELECT sum(secs) FROM passes WHERE probe = 'statements' AND outcome = 'ok'").rows == [(60.0,)]


def test_time_that_nobody_watched_is_no_part_of_the_seconds(store: Store) -> None:
    failed = replace(batch("statements", START + 20 * SECOND, secs=None), outcome=Outcome.FAILED, reason="gone")
    store.append([calls(START + 10 * SECOND, (1, 10))])
    store.append([failed])
    store.append([calls(START + 50 * SECOND, (1, 10))])
    upkeep(store, START + 2 * HOUR)
    assert store.query("SELECT calls, secs FROM statements_1m").rows == [(20, 20.0)]
    assert store.query("SELECT outcome, runs, secs, reason FROM passes_1m ORDER BY outcome").rows == [
        ("failed", 1, None, "gone"),
        ("ok", 2, 20.0, None),
    ]


def test_intervals_that_overlap_cover_their_time_once(store: Store) -> None:
    # A probe of every database in turn: the same minute is read twice, five seconds apart.
    names = ("dbid", "relid", "seq_scan")
    for number, (ends, dbid) in enumerate(((55, 1), (60, 2))):
        rows = [(dbid, 10, 6, False)]
        store.append([batch("tables", START + ends * SECOND, names, rows, number=number, secs=50.0)])
    upkeep(store, START + 2 * HOUR)
    assert store.query("SELECT dbid, seq_scan, secs FROM tables_1m ORDER BY 1").rows == [(1, 6, 55.0), (2, 6, 55.0)]


def test_every_kind_of_roll_up_does_what_it_says(store: Store) -> None:
    names = ("dbid", "relid", "schemaname", "relname", "seq_scan", "relpages", "bloat")
    told: list[tuple[int, int | None, float | None, float]] = [
        (10, 5, 1.0, 10.0),
        (20, 9, None, 10.0),
        (60, 7, 4.0, 20.0),
    ]
    for second, pages, bloat, secs in told:
        row = (1, 2, "public", "t", 3, pages, bloat, second == 20)
        store.append([batch("tables", START + second * SECOND, names, [row], secs=secs)])
    full = ("userid", "queryid", "calls", "hits", "max_exec_time", "min_exec_time", "stats_since")
    for second, biggest, smallest in ((10, 5.0, 2.0), (60, 3.0, 1.0)):
        moved = (10, 1, 1, 2**31 - 1, biggest, smallest, START + second, False)
        store.append([batch("statements", START + second * SECOND, full, [moved])])
    upkeep(store, START + 2 * HOUR)
    for tier in ("1m", "1h"):
        columns = "seq_scan, relpages, bloat, uncertain"
        assert store.query(f"SELECT {columns} FROM tables_{tier}").rows == [(9, 7, 3.0, True)]
        columns = "hits, max_exec_time, min_exec_time, epoch_us(stats_since), uncertain"
        assert store.query(f"SELECT {columns} FROM statements_{tier}").rows == [
            (2 * (2**31 - 1), 5.0, 1.0, START + 60, False)
        ]


def test_roll_ups_that_a_file_declares_are_made(url: str, tmp_path: Path) -> None:
    kinds = {
        name: f'kind = "gauge"\ntype = "float8"\nrollup = "{name}"' for name in ("last", "max", "min", "avg", "sum")
    }
    kinds |= {"plain": 'kind = "gauge"\ntype = "float8"', "state": 'kind = "state"\ntype = "bool"\nrollup = "max"'}
    columns = "".join(f'\n[columns.a_{name}]\n{kind}\nhelp = "x"\n' for name, kind in kinds.items())
    text = ", ".join(f"{'true' if name == 'state' else '1::float8'} as a_{name}" for name in kinds)
    probe = load_toy(
        tmp_path / "pack", COUNTERS + columns, {"14.sql": f"select 'a'::text as name, 1::int8 as hits, {text}"}
    )
    store = open_store(url, KEY, Catalog({"toy": probe}), retention=SHORT)
    store.target_id("t", None, {})
    names = probe.returns["14.sql"]
    for second, value, secs in ((10, 2.0, 10.0), (20, 8.0, 10.0), (60, 6.0, 20.0)):
        row: tuple[Value, ...] = ("a", 3, *([value] * 6), second == 20, False)
        store.append([batch("toy", START + second * SECOND, names, [row], secs=secs)])
    store.append([batch("toy", START + DAY, names, [("other", 1, *([None] * 7), False)], secs=10.0)])  # the day is over
    upkeep(store, START + DAY + MINUTE)
    columns = "hits, a_last, a_max, a_min, a_avg, a_sum, a_plain, a_state"
    for tier in ("1m", "1h", "1d"):
        told = store.query(f"SELECT {columns} FROM toy_{tier} WHERE name = 'a'").rows
        assert told == [(9, 6.0, 8.0, 2.0, 5.5, 16.0, 6.0, True)]
    store.close()


def test_times_bear_no_noise_of_floating_point_in_any_tier(url: str) -> None:
    names = ("total_exec_time", "max_exec_time", "stddev")
    timed = [column(name, kind, Type.FLOAT8, rollup) for name, kind, rollup in zip(names, *TIMED, strict=True)]
    columns = {"userid": STATEMENTS.columns["userid"]} | {one.name: replace(one, unit="ms") for one in timed}
    store = open_store(url, KEY, catalog(replace(STATEMENTS, key=("userid",), columns=columns)))
    noisy = 0.1 + 0.2
    for step in range(1, 4):
        told = (10, noisy, noisy, noisy / step, False)
        store.append([batch("statements", START + step * 10 * SECOND, ("userid", *names), [told])])
    upkeep(store, START + 2 * HOUR)
    for tier, summed in (("raw", 0.3), ("1m", 0.9), ("1h", 0.9)):
        rows = store.query(f"SELECT total_exec_time, max_exec_time, stddev FROM statements_{tier} ORDER BY ts").rows
        assert rows[-1] == (summed, 0.3, 0.183333 if tier != "raw" else 0.1)
    store.close()


def test_what_is_not_known_stays_unknown_in_every_tier(store: Store) -> None:
    names = ("userid", "queryid", "calls", "hits", "max_exec_time")
    for step, hits in ((1, None), (2, None)):
        rows: list[tuple[Value, ...]] = [(10, 1, None, hits, None, False), (10, 2, step, None, 1.0, False)]
        store.append([batch("statements", START + step * 10 * SECOND, names, rows)])
    store.append([batch("statements", START + DAY, names, [(10, 3, 1, 1, 1.0, False)])])
    upkeep(store, START + DAY + MINUTE)
    for tier in ("1m", "1h", "1d"):
        columns = "queryid, calls, hits, max_exec_time"
        assert store.query(f"SELECT {columns} FROM statements_{tier} WHERE queryid < 3 ORDER BY 1").rows == [
            (1, None, None, None),
            (2, 3, None, 1.0),
        ]


def test_an_absurd_sum_does_not_stop_the_roll_up(store: Store) -> None:
    store.append([calls(START + 10 * SECOND, (1, 2**63 - 1))])
    store.append([calls(START + 20 * SECOND, (1, 2**63 - 1))])
    upkeep(store, START + 2 * HOUR)
    assert store.query("SELECT calls FROM statements_1h").rows == [(2**63 - 1,)]


def test_load_over_any_time_is_sessions_counted_over_samples_taken(url: str) -> None:
    store = open_store(url, KEY, catalog(), retention=SHORT)
    names = ("database", "state", "wait_event", "samples")
    told = []
    for step in range(1, 160):
        rows: list[tuple[Value, ...]] = [("app", "active", None, 15), (None, None, None, 5)]
        taken = 10 if step % 5 else 6  # four samples were late now and then
        ts = START + step * 150 * SECOND
        told.append(batch("sessions", ts, names, rows if step % 2 else [], samples=taken))
    store.append(told)
    load = (
        "SELECT (SELECT sum(samples) FROM sessions WHERE state = 'active') / "
        "(SELECT sum(samples) FROM passes WHERE probe = 'sessions')"
    )
    before = store.query(load).rows
    upkeep(store, START + 7 * HOUR)
    upkeep(store, START + 9 * HOUR)
    upkeep(store, START + 10 * HOUR)
    assert store.query("SELECT count(*) FROM sessions_raw").rows[0][0] < 100
    assert store.query(load).rows == before
    store.close()


def test_a_pass_that_comes_late_is_counted_in_every_tier(day: Store) -> None:
    late = [calls(START + 9 * HOUR + 30 * MINUTE + SECOND, (1, 1_000), secs=60.0)]
    day.append([replace(late[0], pass_no=10**12)])
    upkeep(day, START + 10 * HOUR + 3 * MINUTE)
    expected = OF_DAY + 1_000
    assert total(day) == expected
    assert total(day, "statements_1h") == expected
    assert day.query("SELECT count(*) FROM reopened").rows == [(0,)]
    upkeep(day, START + 20 * HOUR)
    assert total(day) == expected
    day.close()


@pytest.mark.parametrize("rolled", ["passes", "statements"])
def test_a_pass_that_comes_late_while_its_hour_is_rolled_up_again_is_counted(
    day: Store, monkeypatch: pytest.MonkeyPatch, rolled: str
) -> None:
    late = [
        replace(calls(START + 9 * HOUR + second * SECOND, (1, 1_000), secs=1.0), pass_no=10**12 + second)
        for second in (10, 20)
    ]
    day.append(late[:1])
    move = maintenance._move

    def move_and_append(cursor: duckdb.DuckDBPyConnection, series: Series, after: Boundaries) -> None:
        move(cursor, series, after)
        if series.name == rolled and len(late) == 2:
            day.append([late.pop()])  # committed before the roll-up is, which does not see it

    monkeypatch.setattr(maintenance, "_move", move_and_append)
    upkeep(day, START + 10 * HOUR + 3 * MINUTE)
    assert len(late) == 1
    for tier in ("1m", "1h"):
        of_hour = f"_{tier} WHERE epoch_us(ts) > {START + 9 * HOUR} AND epoch_us(ts) <= {START + 10 * HOUR}"
        assert total(day, f"statements{of_hour}") == sum(range(545, 601, EVERY)) + 60 // EVERY + 2_000
        assert total(day, f"passes{of_hour}", "sum(runs)") == 60 // EVERY + 2
    assert total(day) == OF_DAY + 2_000
    assert day.query("SELECT count(*) FROM reopened").rows == [(0,)]
    day.close()


def test_the_seconds_of_a_pass_that_comes_late_for_the_passes_alone_are_counted(store: Store) -> None:
    store.append([calls(START + 30 * SECOND, (1, 1), secs=10.0)])
    late, claim = [calls(START + 50 * SECOND, (1, 1), secs=10.0)], store._upkeep.claim

    def append_and_claim(series: str, until: int) -> None:
        if series == "statements" and late:
            store.append([late.pop()])
        claim(series, until)

    store._upkeep.claim = append_and_claim
    upkeep(store, START + 2 * HOUR)
    assert late == []
    for tier in ("1m", "1h"):
        assert store.query(f"SELECT calls, secs FROM statements_{tier}").rows == [(2, 20.0)]
    assert store.query("SELECT count(*) FROM reopened").rows == [(0,)]


def test_days_are_the_sums_of_their_hours_and_of_what_comes_late_too(store: Store) -> None:
    told = [calls(START + hour * HOUR, (1, hour), (2, 1), secs=3_600.0) for hour in range(1, 50)]
    store.append(told)
    upkeep(store, START + 49 * HOUR + 2 * MINUTE)
    days = "SELECT epoch_us(ts), calls, secs FROM statements_1d WHERE queryid = 1 ORDER BY ts"
    first, second = sum(range(1, 25)), sum(range(25, 49))
    assert store.query(days).rows == [(START + DAY, first, 86_400.0), (START + 2 * DAY, second, 86_400.0)]
    store.append([replace(calls(START + 3 * HOUR + SECOND, (1, 500), secs=None), pass_no=10**12)])
    upkeep(store, START + 49 * HOUR + 3 * MINUTE)
    assert [row[1] for row in store.query(days).rows] == [first + 500, second]
    span = (START, START + 49 * HOUR)
    assert total(store, store.relation("statements", *span, DAY)) == total(store)
    assert total(store, store.relation("statements", *span, DAY), "count(*)") == 2 * 2 + 2
    assert store.query("SELECT outcome, runs FROM passes_1d ORDER BY ts").rows == [("ok", 25), ("ok", 24)]


def test_days_are_rewritten_sorted_by_key_once_thirty_are_complete(store: Store) -> None:
    store.append([calls(START + half * DAY // 2, (1, half), (2, 1)) for half in range(1, 13)])
    upkeep(store, START + 6 * DAY + 2 * MINUTE)  # a stretch of thirty days ends with the fourth of these
    keys = [row[0] for row in store.query("SELECT queryid FROM statements_1d ORDER BY rowid").rows]
    assert sorted(keys) == [1] * 6 + [2] * 6
    assert sorted(keys[-8:]) == [1] * 4 + [2] * 4
    assert keys[-8:] in ([1] * 4 + [2] * 4, [2] * 4 + [1] * 4)


def test_a_store_without_days_gets_them(url: str) -> None:
    store = open_store(url, KEY, catalog(), retention=SHORT)
    store.append([calls(START + hour * HOUR, (1, hour)) for hour in range(1, 60)])
    upkeep(store, START + 59 * HOUR + 2 * MINUTE)
    with store._engine.cursor() as cursor:  # as one of an earlier version was left
        cursor.execute("DROP TABLE statements_1d; DROP TABLE passes_1d")
        cursor.execute("ALTER TABLE boundaries DROP days_rolled; ALTER TABLE boundaries DROP days_sorted")
    store.close()
    store = open_store(url, KEY, catalog(), retention=SHORT)
    assert total(store, store.relation("statements", START, START + 59 * HOUR, DAY)) == sum(range(1, 60))
    upkeep(store, START + 59 * HOUR + 2 * MINUTE)
    assert total(store, "statements_1d") == sum(range(1, 49))
    assert total(store, store.relation("statements", START, START + 59 * HOUR, DAY)) == sum(range(1, 60))
    store.close()


def test_what_is_older_than_every_reading_kept_is_counted_at_the_first_of_them(day: Store) -> None:
    day.append([replace(calls(START + HOUR, (9, 77)), pass_no=10**12)])
    upkeep(day, START + 20 * HOUR)
    assert total(day) == OF_DAY + 77
    day.close()


def test_hours_events_gaps_and_texts_go_when_their_time_is_over(store: Store) -> None:
    def tell(ts: int, queryid: int) -> list[Batch]:
        texts = batch("queries", ts, ("queryid", "text"), [(queryid, f"select {queryid}")])
        jobs = batch("jobs", ts, ("runid", "status"), [(queryid, "done")])
        return [calls(ts, (queryid, 1)), texts, jobs]

    store.append(tell(START + HOUR, 1))
    store.append(tell(START + 300 * DAY, 2))
    upkeep(store, START + 301 * DAY)
    assert total(store) == 2
    upkeep(store, START + 402 * DAY)
    assert total(store) == 1
    assert store.query("SELECT queryid FROM queries").rows == [(2,)]
    assert store.query("SELECT runid FROM jobs").rows == [(2,)]


def test_names_go_beside_more_facts_than_the_engine_can_join(url: str) -> None:
    user, name = column("userid", Kind.KEY, Type.OID), column("role", Kind.TEXT, Type.TEXT)
    roles = probe("roles", Shape.DIMENSION, ["userid"], [user, name], "role_names")
    others = [probe(each, Shape.COUNTERS, ["userid"], [user, column("n", Kind.COUNTER)]) for each in ("a", "b")]
    found = catalog(*ALL, roles, *others)
    store = open_store(url, KEY, found)
    store.append([batch("roles", START, ("userid", "role"), [(userid, f"role {userid}") for userid in range(10, 15)])])
    for number, each in enumerate(others):
        store.append([batch(each.name, START + SECOND, ("userid", "n"), [(11 + number, 1, False)])])
    now = START + 402 * DAY
    whole = Boundaries(now, now - 2 * DAY, now - 14 * DAY, now - 2 * DAY, now - 14 * DAY, now, now, now, now)
    minutes = (now - 13 * DAY) // SECOND
    with store._engine.cursor() as cursor:
        for tier, moments, rows in (("1d", range(1), 1), ("1m", range(44), 60)):
            for hour in moments:
                cursor.execute(
                    f"INSERT INTO statements_{tier} BY NAME SELECT make_timestamp(({minutes + hour * 3_600} + "
                    "m.range * 60) * 1000000) AS ts, 60.0 AS secs, 1 AS target, 1 AS incarnation, 10 AS userid, "
                    f"q.range AS queryid FROM range({rows}) m, range(1700) q"
                )
        boundaries.write(cursor, "statements", whole)
    store.close()
    again = open_store(url, KEY, found)
    upkeep(again, now)
    assert again.query("SELECT userid FROM role_names ORDER BY 1").rows == [(10,)]
    assert total(again, "statements_1m", "count(*)") == 44 * 60 * 1_700
    again.close()


def test_a_name_that_went_with_the_last_that_bore_it_comes_back_with_the_next(store: Store) -> None:
    def tell(ts: int) -> None:
        names = ("dbid", "relid", "schemaname", "relname", "seq_scan")
        store.append([batch("tables", ts, names, [(1, 10, "public", "yearly", 6, False)])])

    named = "SELECT relname, seq_scan FROM tables LEFT JOIN relation_names USING (target, incarnation, dbid, relid)"
    tell(START + HOUR)
    upkeep(store, START + 402 * DAY)
    assert store.query("SELECT relname FROM relation_names").rows == []
    tell(START + 402 * DAY + HOUR)
    assert store.query(named).rows == [("yearly", 6)]


def test_last_readings_are_folded_and_stay_what_they_were(store: Store) -> None:
    names = ("userid", "queryid", "calls", "stats_since", "total_exec_time")
    for step in range(64):
        rows: list[tuple[Value, ...]] = [(10, step % 20, step, START if step % 2 else None, step / 2)]
        one = batch("statements", START + step * SECOND, names, last=rows)
        if step == 30:
            one = replace(one, gone=[(10, 7)])
        settled = batch("settings", START + step * SECOND, ("name", "value"), last=[(f"s{step % 3}", str(step))])
        store.append([one, settled])
    before = [reading(store, name) for name in ("statements", "settings")]
    assert store.maintain(START)
    assert store.query("SELECT count(*) FROM readings").rows == [(1,)]
    after = [reading(store, name) for name in ("statements", "settings")]
    for old, new in zip(before, after, strict=True):
        assert old is not None
        assert new is not None
        assert (old.ts, old.names, sorted(old.rows, key=repr)) == (new.ts, new.names, sorted(new.rows, key=repr))
    statements = before[0]
    assert statements is not None
    assert len(statements.rows) == 20  # the one that was gone came back
    calls_of = {row[1]: row[2] for row in statements.rows}
    assert calls_of[7] == 47
    assert calls_of[3] == 63
