"""Which rows answer for which time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pgvigil.store.boundaries import Boundaries, hour_of
from pgvigil.store.views import Segment, segments, tier_for
from store.toys import DAY, HOUR, MINUTE, SECOND

hours = st.integers(0, 60).map(lambda hour: hour * HOUR)
moments = st.one_of(st.integers(0, 60 * HOUR), hours, st.integers(0, 3_600).map(lambda minute: minute * MINUTE))
LENGTHS = {"raw": 1, "1m": MINUTE, "1h": HOUR, "1d": DAY}
ORDER = ["raw", "1m", "1h", "1d"]


@settings(deadline=None)
@given(st.lists(hours, min_size=3, max_size=3).map(sorted), moments, moments, st.sampled_from(ORDER))
def test_segments_cover_a_span_once_and_only_with_rows_that_are_kept(
    edges: list[int], one: int, other: int, tier: str
) -> None:
    since, until = min(one, other), max(one, other)
    days_rolled = edges[2] // DAY * DAY
    at = Boundaries(rolled=edges[2], raw_from=edges[1], minutes_from=edges[0], days_rolled=days_rolled)
    parts = segments(tier, since, until, at)
    assert [part.since for part in parts[1:]] == [part.until for part in parts[:-1]]
    assert not parts or (parts[0].since, parts[-1].until) == (since, until)
    assert bool(parts) == (since < until)
    for part in parts:
        finest = "raw" if part.since >= at.raw_from else "1m" if part.since >= at.minutes_from else "1h"
        assert ORDER.index(finest) <= ORDER.index(part.tier) <= max(ORDER.index(finest), ORDER.index(tier))
        if part.tier != finest:
            assert part.since % LENGTHS[part.tier] == part.until % LENGTHS[part.tier] == 0
            assert part.until <= (days_rolled if part.tier == "1d" else at.rolled)


def test_a_month_is_read_by_the_hour_with_finer_rows_at_its_edges() -> None:
    at = Boundaries(rolled=40 * DAY, raw_from=38 * DAY, minutes_from=26 * DAY)
    since, until = 10 * DAY + 5 * MINUTE, 40 * DAY + 90 * SECOND
    assert segments("1h", since, until, at) == [
        Segment("1h", since, 40 * DAY),
        Segment("raw", 40 * DAY, until),
    ]
    assert segments("1h", 39 * DAY + 61 * SECOND, 40 * DAY, at) == [
        Segment("raw", 39 * DAY + 61 * SECOND, 39 * DAY + 2 * MINUTE),
        Segment("1m", 39 * DAY + 2 * MINUTE, 39 * DAY + HOUR),
        Segment("1h", 39 * DAY + HOUR, 40 * DAY),
    ]


def test_sums_over_days_are_read_by_the_day_with_finer_rows_at_the_edges() -> None:
    at = Boundaries(rolled=40 * DAY + 2 * HOUR, raw_from=38 * DAY, minutes_from=26 * DAY + HOUR, days_rolled=40 * DAY)
    assert segments("1d", 10 * DAY + HOUR, 40 * DAY + 3 * HOUR, at) == [
        Segment("1h", 10 * DAY + HOUR, 11 * DAY),
        Segment("1d", 11 * DAY, 40 * DAY),
        Segment("1h", 40 * DAY, 40 * DAY + 2 * HOUR),
        Segment("raw", 40 * DAY + 2 * HOUR, 40 * DAY + 3 * HOUR),
    ]
    assert segments("1d", 39 * DAY + HOUR, 39 * DAY + 5 * HOUR, at) == [
        Segment("1h", 39 * DAY + HOUR, 39 * DAY + 5 * HOUR)
    ]
    assert segments("1d", 9 * DAY, 11 * DAY, Boundaries(rolled=40 * DAY)) == [Segment("1h", 9 * DAY, 11 * DAY)]


def test_minutes_are_never_read_beyond_three_days() -> None:
    assert tier_for(0, HOUR) == "raw"
    assert tier_for(0, 3 * DAY) == "1m"
    assert tier_for(0, 3 * DAY + 1) == "1h"
    assert tier_for(0, 4 * DAY, MINUTE) == "1h"


def test_sums_by_step_are_read_from_rows_no_longer_than_the_step() -> None:
    assert [tier_for(0, HOUR, step) for step in (SECOND, MINUTE, HOUR - 1, HOUR)] == ["raw", "1m", "1m", "1h"]
    assert [tier_for(0, 30 * DAY, step) for step in (HOUR, DAY - 1, DAY, 30 * DAY)] == ["1h", "1h", "1d", "1d"]
    assert tier_for(0, 30 * DAY) == "1h"


def test_a_moment_belongs_to_the_hour_it_ends() -> None:
    assert [hour_of(HOUR), hour_of(HOUR + 1), hour_of(2 * HOUR)] == [HOUR, 2 * HOUR, 2 * HOUR]
