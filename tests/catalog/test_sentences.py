"""Sentences with values in them."""

import pytest

from pgvigil.catalog.sentences import duration, fields, render


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.314, "0.31 s"),
        (4.23, "4.2 s"),
        (42.4, "42 s"),
        (59.7, "1 min"),
        (192.0, "3 min 12 s"),
        (3_599.6, "1 h"),
        (7_500.0, "2 h 5 min"),
        (86_400.0, "1 d"),
        (273_600.0, "3 d 4 h"),
    ],
)
def test_a_time_is_told_as_people_say_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("template", "value", "said"),
    [
        ("{x}", "word", "word"),
        ("{x:code}", "select\n  1", "`select 1`"),
        ("{x:code}", "a`b", "`a'b`"),
        ("{x:code}", "y" * 200, "`" + "y" * 119 + "…`"),
        ("{x:n session}", 1, "1 session"),
        ("{x:n session}", 12, "12 sessions"),
        ("{x:n dead row}", 12_444, "12.4 k dead rows"),
        ("{x:n row}", 999.7, "1 k rows"),
        ("{x:percent}", 0.714, "71 %"),
        ("{x:percent}", 0.004, "0.4 %"),
        ("{x:percent}", 1, "100 %"),
        ("{x:times}", 113.2, "110 times"),
        ("{x:times}", 3.14, "3.1 times"),
        ("{x:bytes}", 3_328_599_654, "3.1 GB"),
        ("{x:rate}", 19.33, "19.3 per second"),
        ("{x:duration}", 192, "3 min 12 s"),
    ],
)
def test_a_value_is_written_as_its_field_says(template: str, value: object, said: str) -> None:
    assert render(template, {"x": value}) == said


def test_a_sentence_without_one_of_its_values_is_left_out() -> None:
    assert render("{x} and {y}", {"x": 1, "y": None}) is None
    assert render("{x} and {y}", {"x": 1}) is None
    assert render("nothing to fill in", {}) == "nothing to fill in"


def test_fields_are_found_with_how_they_are_written() -> None:
    assert fields("{a:n session} of {b:code}, {c}") == {"a": "n session", "b": "code", "c": ""}


@pytest.mark.parametrize("template", ["{}", "{0}", "{a.b}", "{a!r}", "{a:loud}", "{a:n }", "{a"])
def test_a_field_that_cannot_be_filled_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        fields(template)
