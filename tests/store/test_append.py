"""Appending: everything of a pass at once, exactly once."""

from dataclasses import replace

import pytest

from pgvigil.model import Batch, Event, Gap, Identity, Outcome, Reading, Value
from pgvigil.store import Store, open_store
from pgvigil.store.errors import BatchRefusedError
from pgvigil.store.refusals import masked
from pgvigil.store.remembered import KEPT
from store.toys import (
    KEY,
    SECOND,
    START,
    STATEMENTS,
    batch,
    calls,
    catalog,
    reading,
)

FULL = ("userid", "queryid", "calls", "total_exec_time", "hits", "max_exec_time", "min_exec_time", "stats_since")


def test_facts_come_back_as_they_were_told(store: Store) -> None:
    row = (4_000_000_000, -(2**63), 3, 1.25, 7, 0.5, None, START)
    store.append([batch("statements", START, FULL, [(*row, True), (10, 1, None, None, None, None, None, None, False)])])
    found = store.query("SELECT * FROM statements ORDER BY queryid").rows
    assert found == [
        (START, 10.0, 1, 1, *row, True),
        (START, 10.0, 1, 1, 10, 1, None, None, None, None, None, None, False),
    ]


def test_a_batch_appended_twice_is_kept_once(store: Store, url: str) -> None:
    store.append([calls(START, (1, 5))])
    store.append([calls(START, (1, 5)), calls(START + 10 * SECOND, (1, 2))])
    assert store.query("SELECT sum(calls), count(*) FROM statements").rows == [(7, 2)]
    store.close()
    again = open_store(url, KEY, catalog())
    again.append([calls(START + 10 * SECOND, (1, 2))])
    assert again.query("SELECT sum(calls) FROM statements").rows == [(7,)]
    assert again.query("SELECT sum(runs) FROM passes").rows == [(2,)]
    again._engine._root.close()
    store.recover()


def test_batches_of_one_pass_of_one_probe_are_all_kept(store: Store) -> None:
    names = ("dbid", "relid", "seq_scan")
    first = batch("tables", START, names, [(1, 10, 1, False)], number=5)
    store.append([first, replace(first, rows=[(2, 10, 1, False)])])
    assert store.query("SELECT dbid, seq_scan FROM tables ORDER BY dbid").rows == [(1, 1), (2, 1)]


def test_five_thousand_rows_keep_texts_beside_their_numbers(store: Store) -> None:
    rows = [(None, "active" if each % 3 else None, f"wait é{each}", each * 0.5, each) for each in range(5_000)]
    names = ("database", "state", "wait_event", "xact_age", "samples")
    store.append([batch("sessions", START, names, rows, samples=10)])
    found = store.query("SELECT database, state, wait_event, xact_age, samples FROM sessions ORDER BY samples").rows
    assert found == rows


def test_the_last_reading_of_each_key_is_kept_and_gone_keys_are_dropped(store: Store) -> None:
    names = ("userid", "queryid", "calls", "stats_since")
    first = batch("statements", START, names, last=[(10, 1, 100, START), (10, None, 5, None), (11, 2, 6, None)])
    second = batch("statements", START + 10 * SECOND, names, last=[(10, None, 9, None)])
    store.append([first])
    store.append([replace(second, gone=[(11, 2)])])
    found = reading(store, "statements")
    assert found is not None
    assert found.ts == START + 10 * SECOND
    places = [found.names.index(name) for name in names]
    assert sorted(tuple(row[at] for at in places) for row in found.rows if row[1]) == [(10, 1, 100, START)]
    assert [tuple(row[at] for at in places) for row in found.rows if not row[1]] == [(10, None, 9, None)]


def test_a_probe_without_key_has_one_last_reading(store: Store) -> None:
    store.append([batch("wal", START, ("wal_bytes",), last=[(100,)])])
    store.append([batch("wal", START + 10 * SECOND, ("wal_bytes",), [(50, False)], last=[(150,)])])
    assert reading(store, "wal") == Reading(START + 10 * SECOND, ("wal_bytes",), [(150,)])


def test_there_is_no_reading_before_the_first_and_none_for_another_incarnation(store: Store) -> None:
    assert reading(store, "wal") is None
    store.append([batch("wal", START, ("wal_bytes",), last=[(100,)])])
    assert reading(store, "wal", incarnation=2) is None


def test_each_place_goes_on_from_its_own_reading_until_it_was_not_read_for_long(store: Store, url: str) -> None:
    names = ("dbid", "relid", "seq_scan")

    def visit(place: int, ts: int, number: int, scans: int) -> Batch:
        return replace(batch("tables", ts, names, last=[(place, 9, scans)], number=number), place=place)

    def scans(of: Store) -> dict[int, tuple[int, list[Value]]]:
        found = of.readings(1, 1, "tables")
        return {place: (one.ts, [row[one.names.index("seq_scan")] for row in one.rows]) for place, one in found.items()}

    store.append([visit(5, START, 1, 100)])
    store.append([visit(6, START, 2, 200)])
    store.append([replace(visit(7, START, 3, 0), last=())])
    for number in range(4, 300):
        store.append([visit(5, START + number * SECOND, number, 100 + number)])
    refused = replace(visit(6, START + 300 * SECOND, 300, 0), outcome=Outcome.FAILED, last=(), secs=None)
    store.append([refused])
    expected = {5: (START + 299 * SECOND, [399]), 6: (START, [200]), 7: (START, [])}
    assert scans(store) == expected
    while store.maintain(START + 300 * SECOND):
        pass
    store.close()
    again = open_store(url, KEY, catalog())
    assert scans(again) == expected
    again.append([refused])  # repeated: it is on disk
    assert again.query("SELECT sum(runs) FROM passes").rows == [(300,)]
    for number in range(301, 600):
        again.append([visit(5, START + KEPT + number * SECOND, number, 500)])
    while again.maintain(START + KEPT + 600 * SECOND):
        pass
    assert list(scans(again)) == [5]
    again.close()
    store.recover()


def test_a_failed_pass_moves_no_reading(store: Store) -> None:
    store.append([batch("wal", START, ("wal_bytes",), last=[(100,)])])
    late = replace(batch("wal", START + 10 * SECOND, secs=None), outcome=Outcome.LATE, reason="deadline")
    store.append([late])
    found = reading(store, "wal")
    assert found is not None
    assert found.ts == START
    assert store.query("SELECT outcome, reason, secs FROM passes ORDER BY ts").rows == [
        ("ok", None, 10.0),
        ("late", "deadline", None),
    ]


def test_texts_are_kept_once_per_key_and_follow_a_change(store: Store) -> None:
    names = ("dbid", "relid", "schemaname", "relname", "seq_scan")
    told = [("public", "old"), ("public", "old"), (None, None), ("public", "new"), ("public", "old")]
    for place, texts in enumerate(told):
        store.append([batch("tables", START + place * 10 * SECOND, names, [(1, 2, *texts, 1, False)])])
    assert store.query("SELECT * FROM relation_names").rows == [(1, 1, 1, 2, "public", "old", START)]
    assert store.query("SELECT sum(seq_scan) FROM tables").rows == [(5,)]


def test_a_text_told_twice_in_one_batch_is_kept_once(store: Store) -> None:
    store.append([batch("queries", START, ("queryid", "text"), [(1, "select $1"), (1, "select $1"), (2, "select 2")])])
    store.append([batch("queries", START + SECOND, ("queryid", "text"), [(2, "select $1"), (3, "begin")])])
    assert store.query("SELECT queryid, text FROM queries ORDER BY 1").rows == [
        (1, "select $1"),
        (2, "select $1"),
        (3, "begin"),
    ]
    known = reading(store, "queries")
    assert known is not None
    assert sorted(known.rows) == [(1,), (2,), (3,)]


def test_events_and_gaps_stand_with_their_probe(store: Store) -> None:
    told = replace(
        batch("settings", START),
        events=(Event(START, "setting", "work_mem", "4MB", "8MB"),),
        gaps=(Gap(START - SECOND, START, "reset", "somebody"),),
    )
    store.append([told])
    assert store.query("SELECT * FROM events").rows == [
        (START, 1, 1, "settings", "setting", "work_mem", "4MB", "8MB", None)
    ]
    assert store.query("SELECT * FROM gaps").rows == [(START - SECOND, START, 1, 1, "settings", "reset", "somebody")]


def test_rows_of_an_events_probe_are_kept_once_per_key(store: Store) -> None:
    names = ("runid", "status")
    store.append([batch("jobs", START, names, [(1, "done"), (2, "failed")], secs=None)])
    store.append([batch("jobs", START + 10 * SECOND, names, [(2, "failed"), (3, "done")], secs=None)])
    assert store.query("SELECT runid, epoch_us(ts) FROM jobs ORDER BY 1").rows == [
        (1, START),
        (2, START),
        (3, START + 10 * SECOND),
    ]


@pytest.mark.parametrize(
    ("names", "row", "complaint"),
    [
        (("userid", "queryid", "calls"), (10, 1, 2**63, False), "Column calls does not hold what it declares, BIGINT"),
        (("userid", "queryid", "calls"), (-1, 1, 1, False), "Column userid does not hold what it declares, UINTEGER"),
        (("userid", "queryid", "nonsense"), (10, 1, 1, False), "The catalog declares no column nonsense"),
        (("userid", "queryid", "calls"), (10, 1, 1), "A row has 3 values for 4 columns"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused_and_harms_nothing(
    store: Store, names: tuple[str, ...], row: tuple[int, ...], complaint: str
) -> None:
    with pytest.raises(BatchRefusedError, match=complaint):
        store.append([calls(START, (7, 1)), batch("statements", START, names, [row])])
    store.append([calls(START, (1, 1))])
    assert store.query("SELECT queryid, calls FROM statements").rows == [(1, 1)]


def test_a_refusal_does_not_quote_what_it_refuses(store: Store) -> None:
    with pytest.raises(BatchRefusedError) as refused:
        store.append([batch("statements", START, ("userid", "queryid", "calls"), [(10, 1, "hunter2", False)])])
    assert "Column calls does not hold what it declares, BIGINT." in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_of_the_engines_complaint_what_it_quotes_is_left_out() -> None:
    said = "Conversion Error: Could not convert string 'hunter2 it''s' to INT64\nLINE 1: INSERT"
    assert masked(said) == "Could not convert string …… to INT64"
    assert masked('Constraint Error: "hunter2" is no key') == "… is no key"


def test_a_not_a_number_is_kept_as_unknown(store: Store) -> None:
    names = ("userid", "queryid", "total_exec_time")
    store.append([batch("statements", START, names, [(10, 1, float("nan"), False), (10, 2, 2.5, False)])])
    assert store.query("SELECT sum(total_exec_time) FROM statements").rows == [(2.5,)]


def test_targets_keep_their_numbers_by_name(store: Store) -> None:
    first = store.target_id("one", 4, {"env": "test"})
    second = store.target_id("two", None, {})
    assert (first, second) == (1, 2)
    assert store.target_id("one", 8, {"env": "prod"}) == 1
    assert store.query("SELECT * FROM targets ORDER BY 1").rows == [
        (1, "one", 8.0, '{"env": "prod"}'),
        (2, "two", None, "{}"),
    ]


def test_epochs_of_a_target_grow(store: Store) -> None:
    assert [store.begin_epoch(1, START), store.begin_epoch(1, START), store.begin_epoch(2, START)] == [1, 2, 1]


def test_an_incarnation_is_another_cluster_major_or_timeline(store: Store) -> None:
    def number(system: int | None, version: int, timeline: int | None) -> int:
        return store.incarnation(1, Identity(system, version, timeline), START)

    assert number(7_000_000_000_000_000_000, 170_004, 1) == 1
    assert number(7_000_000_000_000_000_000, 170_005, 1) == 1
    assert number(None, 170_005, None) == 1
    assert number(7_000_000_000_000_000_000, 180_000, 1) == 2
    assert number(7_000_000_000_000_000_000, 180_000, 2) == 3
    assert number(8, 180_000, 2) == 4
    assert number(7_000_000_000_000_000_000, 170_005, 1) == 1


def test_a_pass_of_an_earlier_epoch_is_left_out(store: Store) -> None:
    store.append([replace(calls(START, (1, 1)), epoch=2, pass_no=1)])
    store.append([replace(calls(START + SECOND, (1, 1)), epoch=1, pass_no=99)])
    assert store.query("SELECT sum(calls) FROM statements").rows == [(1,)]


def test_differences_of_times_are_kept_to_the_nanosecond_and_last_readings_as_read(url: str) -> None:
    timed = replace(STATEMENTS.columns["total_exec_time"], unit="ms")
    probe = replace(STATEMENTS, columns={**STATEMENTS.columns, "total_exec_time": timed})
    store = open_store(url, KEY, catalog(probe))
    names = ("userid", "queryid", "total_exec_time")
    noisy = 12.345678 - 12.3
    assert noisy != 0.045678
    store.append([batch("statements", START, names, [(10, 1, noisy, False)], last=[(10, 1, noisy)])])
    assert store.query("SELECT total_exec_time FROM statements").rows == [(0.045678,)]
    found = reading(store, "statements")
    assert found is not None
    assert noisy in found.rows[0]
    store.close()


def test_a_first_reading_tells_names_though_it_has_no_differences(store: Store) -> None:
    names = ("dbid", "relid", "schemaname", "relname")
    read = (5, 16_384, "public", "orders")
    store.append([batch("tables", START, names, [], secs=None, last=[read])])
    assert store.query("SELECT dbid, relid, schemaname, relname FROM relation_names").rows == [read]
    assert store.query("SELECT count(*) FROM tables").rows == [(0,)]
