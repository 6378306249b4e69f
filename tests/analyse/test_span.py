from hypothesis import given
from hypothesis import strategies as st

from pgvigil.analyse.span import DAY, NICE, SECOND, Span, chart_span, spark_span

MOMENTS = st.integers(min_value=10**15, max_value=2 * 10**15)
LENGTHS = st.integers(min_value=60 * SECOND, max_value=400 * 86_400 * SECOND)


@given(MOMENTS, LENGTHS)
def test_a_chart_holds_the_whole_span_in_few_nice_steps(since: int, length: int) -> None:
    span = chart_span(since, since + length, 10)
    assert span.since <= since
    assert span.until >= since + length
    assert span.step // SECOND in NICE
    assert span.count <= 600
    assert len(span.ends) == span.count
    assert span.ends[-1] == span.until


@given(MOMENTS, LENGTHS, st.integers(min_value=1, max_value=96))
def test_a_spark_has_the_steps_it_was_asked_for_or_one_less(since: int, length: int, count: int) -> None:
    span = spark_span(since, since + length, 1, count)
    assert 1 <= span.count <= count
    assert span.ends[-1] >= since + length


@given(MOMENTS, LENGTHS)
def test_a_spark_of_many_days_has_steps_of_whole_days(since: int, length: int) -> None:
    span = spark_span(since, since + length, 3_600)
    assert span.step % DAY == 0 or span.step <= DAY // 2
    assert length < 48 * DAY // 2 or span.count > 20


def test_a_step_ends_where_the_next_begins() -> None:
    assert Span(0, 30, 10).ends == (10, 20, 30)
    assert Span(0, 25, 10).count == 3
