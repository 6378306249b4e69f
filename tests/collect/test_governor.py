"""Our own cost, held under a budget."""

from hypothesis import given
from hypothesis import strategies as st

from pgvigil.collect.governor import BUDGET, MOST, MOST_SPARED, Governor
from pgvigil.collect.stretched import Stretch, stretched

PERIODS = {"sessions": 1.0, "statements": 10.0, "tables": 60.0}


def governor(**costs: float) -> Governor:
    made = Governor(spared=frozenset({"sessions"}))
    for name, cost in costs.items():
        for _ in range(16):
            made.record(name, cost)
    return made


def test_within_the_budget_nothing_is_stretched() -> None:
    made = governor(sessions=0.7, statements=9.0, tables=20.0)
    made.balance(PERIODS)
    assert [made.factor(name) for name in PERIODS] == [1, 1, 1]
    assert abs(made.load(PERIODS) - (0.0007 + 0.0009 + 0.00033)) < 1e-4


def test_only_what_is_stretched_is_told_with_what_it_costs_and_how_often_it_is_asked() -> None:
    made = governor(sessions=1.0, statements=20.04, tables=20.0)
    assert stretched(made, PERIODS) == ()
    made.balance(PERIODS)
    reason = (
        "Takes 20 ms of server time, so it is asked every 20 s instead of every 10 s: "
        "all probes together may take 0.25 % of a core."
    )
    assert stretched(made, PERIODS) == (Stretch("statements", 20.0, 10.0, reason),)


def test_the_dearest_probe_is_stretched_first_and_the_sampler_last() -> None:
    made = governor(sessions=1.0, statements=20.0, tables=20.0)
    made.balance(PERIODS)
    assert (made.factor("sessions"), made.factor("statements"), made.factor("tables")) == (1, 2, 1)
    assert made.load(PERIODS) <= BUDGET


def test_the_sampler_is_stretched_when_all_others_are() -> None:
    made = governor(sessions=9.0, statements=25.0, tables=20.0)
    made.balance(PERIODS)
    assert made.factor("statements") == made.factor("tables") == MOST
    assert made.factor("sessions") > 1


def test_one_dear_run_does_not_stretch_anything() -> None:
    made = governor(sessions=0.5, statements=9.0)
    made.record("statements", 900.0)
    made.balance(PERIODS)
    assert made.factor("statements") == 1


def test_what_runs_only_at_need_is_not_stretched_and_stretches_nobody() -> None:
    made = Governor(fixed=frozenset({"queries"}))
    for _ in range(16):
        made.record("queries", 90.0)
        made.record("statements", 9.0)
    made.balance({"queries": 10.0, "statements": 10.0})
    assert (made.factor("queries"), made.factor("statements")) == (1, 1)


def test_a_server_without_cpu_to_spare_does_not_stretch_the_sampler() -> None:
    made = governor(sessions=60.0)
    made.record("sessions", 0.8)
    made.balance({"sessions": 1.0})
    assert made.factor("sessions") == 1


def test_an_answer_that_came_with_the_round_trip_does_not_make_a_probe_free() -> None:
    made = governor(statements=90.0)
    made.record("statements", 0.0)
    assert made.cost_ms("statements") == 90.0


def test_what_was_stretched_comes_back_step_by_step_when_there_is_room() -> None:
    made = governor(sessions=0.5, statements=90.0)
    made.balance(PERIODS)
    stretched = made.factor("statements")
    assert stretched > 2
    for _ in range(16):
        made.record("statements", 5.0)
    made.balance(PERIODS)
    assert made.factor("statements") == stretched // 2
    for _ in range(5):
        made.balance(PERIODS)
    assert made.factor("statements") == 1


def test_a_probe_that_is_no_more_is_forgotten() -> None:
    made = governor(statements=90.0)
    made.balance(PERIODS)
    made.balance({"sessions": 1.0})
    assert made.factor("statements") == 1


@given(st.dictionaries(st.sampled_from(["a", "b", "c", "d", "sessions"]), st.floats(0.0, 500.0), min_size=1))
def test_the_load_is_within_the_budget_or_everything_is_stretched_as_far_as_it_goes(costs: dict[str, float]) -> None:
    made = governor(**costs)
    periods = dict.fromkeys(costs, 10.0)
    made.balance(periods)
    most = {name: MOST_SPARED if name == "sessions" else MOST for name in costs}
    whole = all(made.factor(name) == most[name] for name, cost in costs.items() if cost > 0)
    assert made.load(periods) <= BUDGET or whole
