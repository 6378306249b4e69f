"""When the turn of a probe is."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgvigil.catalog.types import OPERATORS, Condition
from pgvigil.collect.schedule import Schedule, Turn, holds
from toys import COUNTERS, COUNTERS_SQL, SAMPLES, SAMPLES_SQL, load_toys

PERIODS = {"statements": 10.0, "settings": 60.0}


def test_everything_is_due_at_once_at_the_start_and_then_at_multiples_of_its_period() -> None:
    schedule = Schedule()
    assert schedule.due(1_003.0, PERIODS) == [Turn("statements", 0), Turn("settings", 0)]
    schedule.take(1_003.0, schedule.due(1_003.0, PERIODS))
    assert schedule.due(1_009.9, PERIODS) == []
    assert schedule.wait(1_003.0, PERIODS) == pytest.approx(7.0)
    assert schedule.due(1_010.0, PERIODS) == [Turn("statements", 0)]


def test_turns_that_went_by_are_counted_and_not_made_up_for() -> None:
    schedule = Schedule()
    schedule.take(1_000.0, [Turn("statements", 0)])
    assert schedule.due(1_037.0, {"statements": 10.0}) == [Turn("statements", 2)]
    schedule.take(1_037.0, [Turn("statements", 2)])
    assert schedule.due(1_038.0, {"statements": 10.0}) == []


def test_asking_takes_nothing() -> None:
    schedule = Schedule()
    assert schedule.due(5.0, PERIODS) == schedule.due(5.0, PERIODS)


def test_another_phase_shifts_all_turns() -> None:
    schedule = Schedule(phase=3.0)
    schedule.take(1_000.0, [Turn("statements", 0)])
    assert schedule.due(1_002.9, {"statements": 10.0}) == []
    assert schedule.due(1_003.0, {"statements": 10.0}) == [Turn("statements", 0)]


def test_with_nothing_to_ask_there_is_nothing_to_wait_for() -> None:
    assert Schedule().wait(5.0, {}) == float("inf")


@given(
    start=st.floats(0, 1e6),
    steps=st.lists(st.floats(0.01, 45.0), max_size=40),
    period=st.sampled_from([1.0, 10.0, 30.0, 60.0]),
)
def test_whatever_the_delays_no_two_turns_share_a_slot_and_restarts_keep_the_slots(
    start: float, steps: list[float], period: float
) -> None:
    schedule, now, slots = Schedule(), start, []
    for step in steps:
        if turns := schedule.due(now, {"p": period}):
            schedule.take(now, turns)
            slots.append(now // period)
        now += step
    assert len(set(slots)) == len(slots)


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        (">", 0, True),
        (">", 3, False),
        (">=", 3, True),
        ("<", 4, True),
        ("<=", 2, False),
        ("=", 3, True),
        ("!=", 3, False),
    ],
)
def test_a_condition_compares_a_signal(operator: str, value: float, expected: bool) -> None:
    assert holds(Condition("sessions.lock_waiters", operator, value), {"sessions.lock_waiters": 3}) is expected


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_that_a_file_may_hold_compares(operator: str, tmp_path: Path) -> None:
    declaration = COUNTERS.replace("deadline", f'when = "busy_toy.busy {operator} 2.5"\ndeadline')
    catalog = load_toys(tmp_path, {"busy_toy": (SAMPLES, SAMPLES_SQL), "toy": (declaration, COUNTERS_SQL)})
    found = [holds(catalog.probes["toy"].when, {"busy_toy.busy": value}) for value in (2, 2.5, 3)]
    assert (
        found
        == {
            "<": [True, False, False],
            "<=": [True, True, False],
            "=": [False, True, False],
            "!=": [True, False, True],
            ">=": [False, True, True],
            ">": [False, False, True],
        }[operator]
    )


def test_a_signal_that_nobody_gave_fulfils_nothing_and_no_condition_is_always_fulfilled() -> None:
    assert not holds(Condition("sessions.lock_waiters", "<", 5), {})
    assert holds(None, {})
