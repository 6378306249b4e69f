"""What the panels say of a store whose numbers are known, as read and after roll-up: each number computed by hand."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from analyse.keeping import CATALOG, PANELS, START, TARGET, batch, rolled_up, session, statement
from pgvigil.analyse.panels import Chart, chart
from pgvigil.analyse.vitals import vital, vitals
from pgvigil.catalog.errors import CatalogError
from pgvigil.catalog.panels import Drawing, Panel
from pgvigil.model import Batch, Outcome, Secret, Value
from pgvigil.store import Store, open_store

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
HOUR_OF_READINGS = 360

EXPECTED: Mapping[str, Mapping[str, float]] = {
    "load": {"cpu": 1.0, "lock": 0.5},
    "lock_waits": {"waiting": 0.5},
    "throughput": {"committed": 20.0, "rolled_back": 2.0},
    "latency": {"mean": 0.002},
    "connections": {"active": 1.0, "idle": 3.0, "idle_in_transaction": 1.0, "other": 2.0},
    "cache_hit": {"hit": 0.9},
    "io": {"read": 1000.0, "written": 400.0},
    "wal": {"wal": 100.0},
    "checkpoints": {"timed": 360.0, "requested": 720.0},
    "temp_files": {"written": 200.0},
    "cost": {"cost": 0.0007},
}
"""The values of each panel in the first hour of `filled`; what is not named is 0."""
SAME = ("latency", "cache_hit", "cost")
"""Panels that are a share or a mean: twice the work makes no difference to them."""


def drawing(name: str) -> Drawing:
    found = PANELS[name].drawing
    assert found is not None
    return found


def drawn(store: Store, name: str, since: int, until: int, shift: int = 0) -> Chart:
    return chart(store, PANELS[name], drawing(name), TARGET, since, until, shift)


def lines(found: Chart) -> dict[str, tuple[float | None, ...]]:
    return {line.key: line.values for line in found.lines}


def reading(number: int, times: int) -> list[Batch]:
    """All probes of a pass, with `times` as much work as the first."""
    database: dict[str, Value] = {
        "xact_commit": 100 * times, "xact_rollback": 10 * times, "blks_hit": 90 * times, "blks_read": 10 * times,
        "temp_bytes": 1000 * times,
    }  # fmt: skip
    client: dict[str, Value] = {"backend_type": "client backend"}
    connections: list[Mapping[str, Value]] = [
        {**client, "state": "active", "connections": times},
        {**client, "state": "idle", "application": "a", "connections": times},
        {**client, "state": "idle", "application": "b", "connections": 2 * times},
        {**client, "state": "idle in transaction (aborted)", "connections": times},
        {**client, "state": None, "connections": 2 * times},
        {"backend_type": "walsender", "state": "active", "connections": 50},
    ]
    io: list[Mapping[str, Value]] = [
        {"backend_type": "client backend", "object": "relation", "context": "normal", "read_bytes": 8000 * times},
        {
            "backend_type": "checkpointer", "object": "relation", "context": "normal",
            "read_bytes": 2000 * times, "write_bytes": 3000 * times, "extend_bytes": 1000 * times,
        },
        {"backend_type": "client backend", "object": "wal", "context": "normal", "write_bytes": 9_999_999},
    ]  # fmt: skip
    seen = [session(10 * times), session(5 * times, wait="Lock"), session(7, application="pgvigil")]
    return [
        batch(number, "databases", [{"dbid": dbid, **database} for dbid in (1, 2)]),
        batch(number, "connections", connections),
        batch(number, "io", io),
        batch(number, "wal", [{"wal_bytes": 1000 * times}]),
        batch(number, "checkpoints", [{"timed": times, "requested": 2 * times}]),
        batch(number, "statements", [statement(1, 10 * times, 20.0 * times), statement(2, 5, 9e9, toplevel=False)]),
        batch(number, "sessions", seen, samples=10),
    ]


def opened(place: Path) -> Store:
    store = open_store(f"duckdb://{place}/pgvigil.db", Secret("sixteen characters, or more"), CATALOG)
    store.target_id("t", 2.0, {})
    return store


@pytest.fixture(scope="module", params=["as read", "rolled up"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Two hours in which everything was read, with twice as much work in the second."""
    store = opened(tmp_path_factory.mktemp("panels"))
    numbers = range(1, 2 * HOUR_OF_READINGS + 1)
    store.append([one for number in numbers for one in reading(number, 1 if number <= HOUR_OF_READINGS else 2)])
    if request.param == "rolled up":
        rolled_up(store, START + 26 * HOUR)
    yield store
    store.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    fresh = opened(tmp_path)
    yield fresh
    fresh.close()


DRAWN = [panel for panel in PANELS.values() if panel.asked is not None]


@pytest.mark.parametrize("panel", DRAWN, ids=lambda panel: panel.name)
@pytest.mark.parametrize("days", [0, 3, 30, 300], ids=lambda days: f"{days} days before")
def test_every_panel_says_what_was_written(filled: Store, panel: Panel, days: int) -> None:
    """Over two hours by half minutes, and over ever longer spans from ever coarser rows."""
    since, until = START - days * DAY, START + 2 * HOUR
    found = drawn(filled, panel.name, since, until)
    assert panel.name in EXPECTED, "write down what the panel shall say of what this file fills the store with"
    length, known = found.span.step, [step for step, read in enumerate(found.read) if read]
    assert known, "nothing was read"
    for step in known:
        end = found.span.ends[step]
        first = max(0, min(end, START + HOUR) - max(end - length, START))
        second = max(0, min(end, until) - max(end - length, START + HOUR))
        times = 1 if panel.name in SAME else (first + 2 * second) / (first + second)
        for key, values in lines(found).items():
            wanted = EXPECTED[panel.name].get(key, 0.0) * times
            assert values[step] == pytest.approx(wanted, rel=1e-6), (key, step)
    unread = [values[step] for step in range(found.span.count) if step not in known for values in lines(found).values()]
    assert set(unread) <= {None}
    assert (found.uncertain, found.compared, {line.compared for line in found.lines}) == ((), None, {None})


@pytest.mark.parametrize("panel", [it for it in DRAWN if it.drawing and it.drawing.tile], ids=lambda panel: panel.name)
def test_a_vital_is_the_whole_of_its_panel_and_is_compared_with_the_span_asked_for(filled: Store, panel: Panel) -> None:
    hours = (START + HOUR, START + 2 * HOUR), (START, START + HOUR)
    (found,) = vitals(filled, [panel], TARGET, *hours[0], hours[1])
    whole = sum(EXPECTED[panel.name].values())
    assert found.value == pytest.approx(whole * (1 if panel.name in SAME else 2))
    assert found.previous == pytest.approx(whole)
    (alone,) = vitals(filled, [panel], TARGET, *hours[0], None)
    assert (alone.value, alone.previous) == (found.value, None)


@pytest.mark.parametrize("panel", DRAWN, ids=lambda panel: panel.name)
def test_the_compared_span_lies_on_the_same_steps(filled: Store, panel: Panel) -> None:
    found = drawn(filled, panel.name, START + HOUR, START + 2 * HOUR, HOUR)
    assert found.compared == (START, START + HOUR)
    times = 1 if panel.name in SAME else 2
    for line in found.lines:
        assert line.compared is not None
        assert len(line.compared) == len(line.values) == found.span.count
        before = [value * times for value in line.compared if value is not None]
        assert before == pytest.approx(list(line.values))


def test_a_shift_is_rounded_to_whole_steps(filled: Store) -> None:
    found = drawn(filled, "wal", START + HOUR, START + 2 * HOUR, HOUR // 2 + 7 * SECOND)
    assert found.compared is not None
    assert (START + HOUR - found.compared[0]) % found.span.step == 0
    assert found.compared[0] == START + HOUR - HOUR // 2 - found.span.step


def test_what_is_compared_and_kept_in_coarser_rows_stands_for_all_steps_within_them(store: Store) -> None:
    later = 3 * DAY // (10 * SECOND)
    told = [one for number in range(1, HOUR_OF_READINGS + 1) for one in reading(number, 1)]
    told += [one for number in range(later + 1, later + HOUR_OF_READINGS + 1) for one in reading(number, 2)]
    store.append(told)
    rolled_up(store, START + 3 * DAY + 2 * HOUR)
    since = START + 3 * DAY
    assert store.grain("wal", since, since + HOUR // 4) == 10
    assert store.grain("wal", START, START + HOUR // 4) == 60
    found = drawn(store, "wal", since, since + HOUR // 4, 3 * DAY)
    assert found.span.step == 10 * SECOND
    (line,) = found.lines
    assert line.values == pytest.approx([200.0] * 90)
    assert line.compared == pytest.approx([100.0] * 90)


@pytest.fixture(scope="module")
def unseen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Three hours of a server whose sessions cannot be seen."""
    store = opened(tmp_path_factory.mktemp("alone"))
    store.append([batch(number, "server", [{}]) for number in range(1, 3 * HOUR_OF_READINGS + 1)])
    yield store
    store.close()


@pytest.fixture(scope="module")
def days_ago(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Two days, of which minutes, hours and days were made."""
    store = opened(tmp_path_factory.mktemp("days"))
    for number in (1, 2 * 8_640):
        store.append(reading(number, 1))
    rolled_up(store, START + 3 * DAY)
    yield store
    store.close()


@pytest.mark.parametrize(("days", "tier"), [(30, "1h"), (300, "1d")])
@pytest.mark.parametrize("panel", DRAWN, ids=lambda panel: panel.name)
def test_weeks_are_read_from_hours_and_most_of_a_year_from_days(
    days_ago: Store, panel: Panel, days: int, tier: str
) -> None:
    found = drawn(days_ago, panel.name, START + DAY - days * DAY, START + DAY).span
    for name in drawing(panel.name).read:
        read = days_ago.relation(name, found.since, found.until, found.step)
        tiers = set(re.findall(rf'"?{name}_(\w+?)"?\b', read))
        assert tier in tiers
        assert "open" not in tiers, read


def test_a_step_of_which_nothing_was_read_has_no_value_and_is_told_apart_from_one_with_nothing_to_measure(
    store: Store,
) -> None:
    for number in range(1, 7):
        store.append([batch(number, "statements", [])] if number in {3, 4} else reading(number, 1))
    found = drawn(store, "wal", START, START + 60 * SECOND)
    assert found.read == (True, True, False, False, True, True)
    assert lines(found)["wal"] == pytest.approx([100.0, 100.0, None, None, 100.0, 100.0])
    latency = drawn(store, "latency", START, START + 60 * SECOND)
    assert latency.read == (True,) * 6
    assert lines(latency)["mean"] == pytest.approx([0.002, 0.002, None, None, 0.002, 0.002])
    load = drawn(store, "load", START, START + 60 * SECOND)
    assert lines(load)["io"] == (0.0, 0.0, None, None, 0.0, 0.0)


def test_a_failed_reading_of_connections_is_no_reading_of_none(store: Store) -> None:
    failed = {"secs": None, "outcome": Outcome.FAILED}
    store.append([batch(1, "connections", [], **failed), *reading(2, 1)])
    assert drawn(store, "connections", START, START + 60 * SECOND).read[:3] == (False, True, False)


def doubtful(one: Batch) -> Batch:
    """The same, its numbers uncertain."""
    return replace(one, rows=[(*row[:-1], True) for row in one.rows])


@pytest.mark.parametrize("tidied", [False, True], ids=["as read", "rolled up"])
@pytest.mark.parametrize("name", ["throughput", "latency", "cache_hit", "io", "wal", "checkpoints", "temp_files"])
def test_uncertain_steps_are_told_as_intervals(store: Store, name: str, tidied: bool) -> None:
    counted = {"databases", "io", "wal", "checkpoints", "statements"}
    numbers = range(1, HOUR_OF_READINGS + 1)
    told = [one for number in numbers for one in reading(number, 1)]
    # The readings of the third minute, and one of the tenth.
    unsure = {13, 14, 15, 16, 17, 18, 57}
    told = [doubtful(one) if one.pass_no in unsure and one.probe in counted else one for one in told]
    store.append(told)
    if tidied:
        rolled_up(store, START + 4 * DAY)
    found = drawn(store, name, START, START + HOUR)
    assert found.uncertain[0][0] == START + 120 * SECOND
    assert found.uncertain[0][1] == START + 180 * SECOND
    assert len(found.uncertain) == 2
    assert found.uncertain[1][0] < START + 570 * SECOND <= found.uncertain[1][1]
    assert set(drawn(store, "connections", START, START + HOUR).uncertain) == set()


@pytest.mark.parametrize("hours", [1, 6, 15, 24, 28, 24 * 7, 24 * 30])
def test_the_cost_where_sessions_cannot_be_seen_is_told_for_every_length(unseen: Store, hours: int) -> None:
    until = START + 3 * HOUR
    found = drawn(unseen, "cost", until - hours * HOUR, until)
    assert [value for value in lines(found)["cost"] if value is not None]
    told = vital(unseen, PANELS["cost"], TARGET, until - hours * HOUR, until)
    assert told is not None
    assert told.value == pytest.approx(0.0001)
    assert vital(unseen, PANELS["io"], TARGET, until - HOUR, until) is None


def test_before_16_reads_and_writes_are_counted_in_blocks(store: Store) -> None:
    moved: Mapping[str, Value] = {"buffers_written": 5, "buffers_clean": 2, "buffers_backend": 3}
    databases: list[Mapping[str, Value]] = [{"dbid": 1, "blks_read": 30}, {"dbid": 2, "blks_read": 10}]
    store.append([batch(1, "databases", databases), batch(1, "checkpoints", [moved])])
    found = lines(drawn(store, "io", START, START + 60 * SECOND))
    assert found["read"][0] == pytest.approx(40 * 8192 / 10)
    assert found["written"][0] == pytest.approx(10 * 8192 / 10)
    # From 17 on what sessions write is in io alone: without it it is not known, and not what the checkpointer wrote.
    store.append([batch(2, "databases", databases), batch(2, "checkpoints", [{**moved, "buffers_backend": None}])])
    later = lines(drawn(store, "io", START, START + 60 * SECOND))
    assert later["read"][1] == pytest.approx(40 * 8192 / 10)
    assert later["written"][1] is None


def test_a_layer_that_is_null_makes_the_sum_unknown_and_not_smaller(store: Store) -> None:
    rows: Sequence[Mapping[str, Value]] = [{"dbid": 1, "xact_commit": 100, "xact_rollback": None}]
    store.append([batch(1, "databases", rows)])
    found = lines(drawn(store, "throughput", START, START + 60 * SECOND))
    assert (found["committed"][0], found["rolled_back"][0]) == (10.0, None)
    (vital,) = vitals(store, [PANELS["throughput"]], TARGET, START, START + 60 * SECOND, None)
    assert (vital.value, vital.read) == (None, True)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT 1 AS step, 'wal' AS series", "its columns are step, series; allowed are step, series, numerator"),
        (
            "SELECT 1 AS step, 'rain' AS series, 1 AS numerator, 1 AS denominator, false AS uncertain",
            "series rain is not known; allowed are wal",
        ),
    ],
)
def test_an_answer_of_another_shape_is_refused_by_name(store: Store, sql: str, said: str) -> None:
    other = replace(drawing("wal"), sql=sql)
    with pytest.raises(CatalogError) as refused:
        chart(store, PANELS["wal"], other, TARGET, START, START + HOUR, 0)
    assert said in str(refused.value)
