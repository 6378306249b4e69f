"""What the queries say, against numbers that are known: as read, and after roll-up."""

from collections.abc import Mapping

import pytest

from analyse.keeping import HOUR, PANELS, SECOND, START, TARGET, batch, rolled_up, session, statement
from pgvigil.analyse.happenings import events
from pgvigil.analyse.panels import Values, chart
from pgvigil.analyse.statements import Order, statements
from pgvigil.analyse.vitals import Vital, vitals
from pgvigil.model import Batch, Event, Outcome, Value
from pgvigil.store import Store


def by_key(store: Store, since: int, until: int) -> dict[str, Vital]:
    compared = 2 * since - until, since
    return {vital.panel.name: vital for vital in vitals(store, PANELS.values(), TARGET, since, until, compared)}


def load(store: Store, since: int, until: int) -> dict[str, Values]:
    """Average active sessions by wait class."""
    panel = PANELS["load"]
    assert panel.drawing is not None
    return {line.key: line.values for line in chart(store, panel, panel.drawing, TARGET, since, until, 0).lines}


def test_load_is_sessions_counted_over_samples_taken_and_leaves_ourselves_and_walsenders_out(store: Store) -> None:
    seen = [
        session(20),
        session(30, wait="Lock"),
        session(5, wait="Extension"),
        session(10, state="idle in transaction"),
        session(10, application="pgvigil"),
        session(10, backend_type="walsender"),
    ]
    # A late look changes the precision, not the level: the second bucket has half the samples.
    store.append([batch(1, "sessions", seen, samples=10)])
    halved: list[Mapping[str, Value]] = [{**row, "samples": int(str(row["samples"])) // 2} for row in seen]
    store.append([batch(2, "sessions", halved, samples=5)])
    found = load(store, START, START + 60 * SECOND)
    assert found["cpu"] == (2.0, 2.0, None, None, None, None)
    assert found["lock"][:2] == (3.0, 3.0)
    assert found["other"][:2] == (0.5, 0.4)
    assert found["io"][:2] == (0.0, 0.0)


def test_statements_are_shared_out_by_time_and_named(store: Store) -> None:
    store.append(
        [
            batch(1, "statements", [statement(1, 10, 300.0), statement(2, 5, 100.0), statement(3, 0, 0.0)]),
            batch(1, "queries", [{"queryid": 1, "text": "SELECT $1"}], secs=None),
            batch(1, "sessions", [session(6, queryid=1), session(2, wait="IO", queryid=1)], samples=10),
        ]
    )
    store.append([batch(2, "statements", [statement(1, 10, 500.0), statement(4, 1, 50.0, toplevel=False)])])
    page = statements(store, TARGET, START, START + 60 * SECOND)
    assert (page.total, page.secs) == (3, 20.0)
    first = page.statements[0]
    assert (first.queryid, first.text, first.calls) == (1, "SELECT $1", 20)
    assert first.calls_per_s == pytest.approx(1.0)
    assert first.mean_ms == pytest.approx(40.0)
    assert first.rows_per_call == pytest.approx(2.0)
    assert first.load == pytest.approx(0.04)
    assert first.share == pytest.approx(800 / 900)
    assert first.classes == {"cpu": 0.75, "io": 0.25}
    assert [it.queryid for it in page.statements] == [1, 2, 4]
    by_mean = statements(store, TARGET, START, START + 60 * SECOND, order=Order("mean_ms")).statements
    assert [it.queryid for it in by_mean] == [4, 1, 2]
    beyond = statements(store, TARGET, START, START + 60 * SECOND, order=Order(offset=10))
    assert (beyond.statements, beyond.total) == ((), 3)


def test_waits_of_a_statement_are_those_of_the_same_incarnation(store: Store) -> None:
    for incarnation, wait in ((1, "Lock"), (2, None)):
        told = [
            batch(incarnation, "statements", [statement(1, 1, 10.0 / incarnation)], incarnation=incarnation),
            batch(
                incarnation, "sessions", [session(5, wait=wait, queryid=1)], samples=10, incarnation=incarnation
            ),
        ]  # fmt: skip
        store.append(told)
    found = statements(store, TARGET, START, START + 60 * SECOND).statements
    assert [it.classes for it in found] == [{"lock": 1.0}, {"cpu": 1.0}]


@pytest.mark.slow(reason="fills weeks of readings, one hour after another")
def test_weeks_are_told_by_days_as_they_are_by_hours(store: Store) -> None:
    hours = range(3, 40 * 24, 6)
    told = [
        batch(hour * 360, probe, [row], secs=6 * 3_600.0)
        for hour in hours
        for probe, row in (
            ("statements", statement(1, hour, 2.0 * hour)),
            ("databases", {"dbid": 5, "xact_commit": hour, "xact_rollback": 0}),
        )
    ]
    store.append(told)
    until = START + hours[-1] * HOUR + 2 * HOUR
    since = until - 30 * 24 * HOUR
    within = [hour for hour in hours if since < START + hour * HOUR <= until]
    for _ in range(2):
        (found,) = statements(store, TARGET, since, until).statements
        assert found.calls == sum(within)
        assert found.load == pytest.approx(sum(2.0 * hour for hour in within) / 1_000 / (len(within) * 6 * 3_600))
        assert len(found.spark) == 31
        assert None not in found.spark[1:]  # nothing was read in the first day's only hour
        vital = by_key(store, since, until)
        assert vital["latency"].value == pytest.approx(0.002)
        assert vital["throughput"].value == pytest.approx(sum(within) / (len(within) * 6 * 3_600))
        assert len(vital["throughput"].spark) == 31
        assert None not in vital["throughput"].spark[1:]
        rolled_up(store, until + HOUR)
    assert store.query("SELECT count(*) FROM statements_1d").rows == [(39,)]


def test_a_moment_at_the_beginning_of_a_span_belongs_to_the_one_before(store: Store) -> None:
    store.append([batch(1, "statements", [statement(1, 1, 1.0)])])
    store.append([batch(2, "statements", [statement(1, 2, 1.0)])])
    at = START + 10 * SECOND
    assert [it.calls for it in statements(store, TARGET, START, at).statements] == [1]
    assert [it.calls for it in statements(store, TARGET, at, at + 10 * SECOND).statements] == [2]


@pytest.mark.parametrize("tidied", [False, True], ids=["as read", "rolled up"])
def test_vitals_are_the_same_before_and_after_roll_up(store: Store, tidied: bool) -> None:
    kept: list[Batch] = []
    for number in range(1, 721):
        # One client that is active in every other reading: one connection all the time, of two combinations.
        state = "active" if number % 2 else "idle"
        connections: list[Mapping[str, Value]] = [{"backend_type": "client backend", "state": state, "connections": 1}]
        databases: list[Mapping[str, Value]] = [
            {"dbid": dbid, "xact_commit": 100, "xact_rollback": 0, "blks_hit": 90, "blks_read": 10} for dbid in (1, 2)
        ]
        kept += [
            batch(number, "connections", connections),
            batch(number, "databases", databases),
            batch(number, "wal", [{"wal_bytes": 1000}]),
            batch(number, "statements", [statement(1, 10, 20.0)]),
            batch(number, "sessions", [session(15)], samples=10),
        ]
    store.append(kept)
    if tidied:
        rolled_up(store, START + 26 * HOUR)
    since, until = START, START + 2 * HOUR
    for span in ((since, until), (since - 34 * HOUR, until)):
        found = by_key(store, *span)
        assert found["connections"].value == pytest.approx(1.0)
        assert found["throughput"].value == pytest.approx(20.0)
        assert found["cache_hit"].value == pytest.approx(0.9)
        assert found["wal"].value == pytest.approx(100.0)
        assert found["latency"].value == pytest.approx(0.002)
        assert found["load"].value == pytest.approx(1.5)
        assert found["load"].previous is None
        assert any(value is not None for value in found["load"].spark)


@pytest.mark.parametrize("sampled", [True, False], ids=["sessions seen", "sessions hidden"])
def test_the_cost_of_watching_counts_every_answer_once_and_the_time_watched_once(store: Store, sampled: bool) -> None:
    kept: list[Batch] = []
    for number in range(1, 721):
        if sampled:
            kept.append(batch(number, "sessions", [], samples=10, elapsed_ms=4.0))
        kept += [batch(number, "server", [], elapsed_ms=1.0), batch(number, "statements", [], elapsed_ms=7.0)]
        late = {"secs": None, "outcome": Outcome.LATE, "elapsed_ms": 2.0}
        kept.append(batch(number, "io", [], **late))
        if number % 6 == 0:  # two databases, which are visited one after the other
            kept += [batch(number, "tables", [], secs=60.0, place=place, elapsed_ms=15.0) for place in (5, 6)]
        kept.append(batch(number, "wal", [], secs=None, outcome=Outcome.SKIPPED, elapsed_ms=0.0))
    store.append([one for one in kept if one.ts <= START + HOUR])
    store.append([one for one in kept if one.ts > START + HOUR])
    spent = (4.0 if sampled else 0.0) + 1.0 + 7.0 + 2.0 + 2 * 15.0 / 6
    looks = "sessions" if sampled else "server"
    store.append([batch(3 * 8_640, looks, [], samples=10 if sampled else None, elapsed_ms=spent)])  # days are over
    spans = ((START, START + 2 * HOUR), (START + HOUR, START + 2 * HOUR), (START - 34 * HOUR, START + 2 * HOUR))
    weeks = (START - 20 * 24 * HOUR, START + 10 * 24 * HOUR)
    for upkeep in (None, START + 3 * HOUR, START + 26 * HOUR, START + 20 * 24 * HOUR):
        if upkeep is not None:
            rolled_up(store, upkeep)
        for since, until in (*spans, weeks):
            found = by_key(store, since, until)["cost"]
            assert found.value == pytest.approx(spent / 1_000 / 10)
            known = [value for value in found.spark if value is not None]
            assert sum(known) / len(known) == pytest.approx(spent / 1_000 / 10, rel=0.2)
        within = by_key(store, START + HOUR, START + 2 * HOUR)["cost"]
        assert within.previous == pytest.approx(spent / 1_000 / 10)
    assert store.query("SELECT count(*) FROM passes_1d").rows[0][0] > 0


def test_the_cost_of_watching_is_not_thinned_by_time_in_which_nobody_watched(store: Store) -> None:
    """pgvigil was away for the better part of two hours: what is read first tells of all of that."""
    away = 700
    kept = [batch(number, "server", [], elapsed_ms=10.0) for number in (1, 2, 3)]
    kept.append(batch(away, "server", [], secs=(away - 3) * 10.0, elapsed_ms=10.0))
    store.append(kept)
    for tidied in (False, True):
        if tidied:
            rolled_up(store, START + 4 * HOUR)
        found = by_key(store, START, START + 2 * HOUR)["cost"]
        # Three readings of ten seconds, and two steps of two and a half minutes of the 6,970 seconds of the last.
        assert found.value == pytest.approx(0.04 / (30.0 + 2 * 150.0))
        assert found.spark[1:46] == (None,) * 45


def test_a_bucket_in_which_pgvigil_was_started_anew_is_watched_once(store: Store) -> None:
    store.append([batch(1, "sessions", [], samples=4, elapsed_ms=20.0)])
    store.append([batch(1, "sessions", [], samples=5, elapsed_ms=30.0, epoch=2)])
    failed = {"samples": 0, "outcome": Outcome.FAILED, "elapsed_ms": 50.0}
    store.append([batch(2, "sessions", [], epoch=2, **failed)])
    for tidied in (False, True):
        if tidied:
            rolled_up(store, START + 2 * HOUR)
        assert by_key(store, START, START + HOUR)["cost"].value == pytest.approx(0.1 / 10)


def test_a_chart_of_days_has_a_value_in_every_step_that_is_known(store: Store) -> None:
    store.append([batch(number, "sessions", [session(10)], samples=10) for number in range(1, 4 * 360 + 1)])
    rolled_up(store, START + 40 * HOUR)
    since, until = START - 4 * 24 * HOUR, START + 4 * HOUR
    values = load(store, since, until)["cpu"]
    known = [value for value in values if value is not None]
    assert known == pytest.approx([1.0] * len(known))
    first = next(position for position, value in enumerate(values) if value is not None)
    assert None not in values[first : first + len(known)]


def test_a_chart_whose_steps_reach_beyond_its_span_has_a_value_in_every_step(store: Store) -> None:
    store.append([batch(number, "sessions", [session(10)], samples=10) for number in range(90, 4 * 8_640, 90)])
    rolled_up(store, START + 4 * 24 * HOUR)
    since = START + HOUR // 4  # three days of minutes, and a little more of them in whole steps
    values = load(store, since, since + 72 * HOUR)["cpu"]
    assert [value for value in values if value is None] == []


def test_throughput_around_a_failover_counts_the_seconds_of_both(store: Store) -> None:
    for incarnation in (1, 2):
        moved = {"dbid": 5, "xact_commit": 60, "xact_rollback": 0}
        store.append([batch(incarnation, "databases", [moved], incarnation=incarnation)])
    for _ in range(2):
        assert by_key(store, START, START + 2 * HOUR)["throughput"].value == pytest.approx(6.0)
        rolled_up(store, START + 2 * HOUR)


def test_events_are_told_latest_first_and_counted(store: Store) -> None:
    told = tuple(Event(START + n * SECOND, "setting", f"s{n}", "1", "2") for n in range(1, 6))
    store.append([batch(1, "settings", [], events=told)])
    page = events(store, TARGET, START, START + HOUR, limit=2)
    assert ([it.subject for it in page.events], page.total) == (["s5", "s4"], 5)
    assert events(store, TARGET, START, START + HOUR, limit=2, offset=10).total == 5
