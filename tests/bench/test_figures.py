import math

import pytest
from bench.figures import interval, losses, median, percentile
from bench.tps import order
from hypothesis import given
from hypothesis import strategies as st

SOME = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


def test_the_interval_is_students() -> None:
    # Worked by hand: mean 3, standard deviation sqrt(2.5), t(4) = 2.776.
    found = interval([1.0, 2.0, 3.0, 4.0, 5.0])
    half = 2.776 * math.sqrt(2.5) / math.sqrt(5)
    assert (found.mean, found.n) == (3.0, 5)
    assert found.low == pytest.approx(3 - half)
    assert found.high == pytest.approx(3 + half)


def test_one_value_says_nothing_of_its_spread() -> None:
    assert interval([2.0]).high == math.inf
    with pytest.raises(ValueError, match="no values"):
        interval([])


def test_a_loss_is_in_percent_of_what_there_was_without_us() -> None:
    assert losses([(1000.0, 990.0), (1000.0, 1010.0)]) == pytest.approx([1.0, -1.0])


def test_percentiles_lie_between_neighbours_in_proportion() -> None:
    values = [4.0, 1.0, 3.0, 2.0]
    assert [percentile(values, at) for at in (0, 50, 95, 100)] == pytest.approx([1.0, 2.5, 3.85, 4.0])
    assert median([7.0]) == 7.0


@given(SOME)
def test_a_percentile_is_never_beyond_the_values(values: list[float]) -> None:
    assert min(values) <= percentile(values, 95) <= max(values)


@given(st.integers(1, 10))
def test_pairs_are_turned_about_so_that_a_drift_takes_from_both(pairs: int) -> None:
    found = order(pairs)
    assert len(found) == 2 * pairs
    assert all(first != second for first, second in zip(found[::2], found[1::2], strict=True))
    assert found[:4] == [False, True, True, False][: len(found)]
