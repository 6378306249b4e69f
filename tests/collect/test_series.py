"""What a series sends with its question: the fingerprints of what the server need not tell again, or none for all."""

from dataclasses import replace

from pgvigil.catalog import load
from pgvigil.catalog.types import Query, Type
from pgvigil.collect.cleaning import cleaner_for
from pgvigil.collect.series import CounterSeries, Moment, series_for
from pgvigil.collect.wanted import TOLD_FOR
from pgvigil.pg import Parameter, Rows, int8_array

TABLES = load().probes["tables"]
KEYFRAME = TABLES.keyframe or 0.0
S = 1_000_000


def made() -> CounterSeries:
    query = Query(TABLES, "14.sql", "", tuple(TABLES.columns.values()), TABLES.takes, TABLES.changed_by)
    return CounterSeries(query, cleaner_for(query, salt=b"", allowed_tags=frozenset()))


def reply(series: CounterSeries, prints: dict[int, int]) -> Rows:
    """Tables by oid, each with its fingerprint."""
    names = series.layout.names
    blank = {column.name: "t" if column.type is Type.TEXT else 1 for column in series.query.columns}
    rows = [tuple({**blank, "relid": oid}[name] for name in names) for oid in prints]
    marked = [(*row, mark) for row, mark in zip(rows, prints.values(), strict=True)]
    return Rows("tables", (*names, "pgvigil_fingerprint"), marked, 1.0)


def ask(series: CounterSeries, at: float, prints: dict[int, int]) -> tuple[Parameter, ...]:
    """What is sent at `at`; then these come."""
    sent = series.parameters(at)
    series.absorb(reply(series, prints), Moment(round(at * S), round(at * S) + 1, at))
    return sent


def echo(*prints: int) -> tuple[Parameter, ...]:
    return (int8_array(prints),)


def test_what_is_known_is_sent_from_the_second_question_on() -> None:
    series = made()
    assert ask(series, 0.0, {1: 11, 2: 22}) == echo()
    assert ask(series, 60.0, {2: 23}) == echo(11, 22)
    assert ask(series, 120.0, {}) == echo(11, 23)


def test_a_keyframe_asks_for_all_once() -> None:
    series = made()
    ask(series, 0.0, {1: 11})
    assert ask(series, KEYFRAME - 1, {}) == echo(11)
    assert ask(series, KEYFRAME, {1: 11, 2: 22}) == echo()
    assert ask(series, KEYFRAME + 60, {}) == echo(11, 22)


def test_after_an_absence_all_is_asked_for() -> None:
    series = made()
    ask(series, 0.0, {1: 11})
    series.doubt("restart")
    assert ask(series, 60.0, {1: 11}) == echo()
    assert ask(series, 120.0, {}) == echo(11)


def test_where_many_keys_were_added_all_is_asked_for_to_forget_those_that_are_gone() -> None:
    series = made()
    ask(series, 0.0, {1: 11})
    many = {oid: oid for oid in range(10, 600)}
    assert ask(series, 60.0, many) == echo(11)
    assert ask(series, 120.0, many) == echo()
    assert ask(series, 180.0, {}) == echo(*many.values())


def test_a_log_that_would_take_fingerprints_gets_none() -> None:
    series = made()
    series.echoes = False
    for turn in range(3):
        assert ask(series, 60.0 * turn, {1: 11}) == echo()


def test_a_probe_without_fingerprints_sends_nothing() -> None:
    query = replace(made().query, changed_by=())
    series = CounterSeries(query, cleaner_for(query, salt=b"", allowed_tags=frozenset()))
    assert series.parameters(0.0) == ()


def test_names_that_do_not_change_are_told_once_a_day() -> None:
    probe = load().probes["role_names"]
    query = Query(probe, "14.sql", "", tuple(probe.columns.values()), probe.takes, probe.changed_by)
    series = series_for(query, cleaner_for(query, salt=b"", allowed_tags=frozenset()))
    told = []
    for at in (0.0, 60.0, TOLD_FOR - 60.0, TOLD_FOR, TOLD_FOR + 60.0):
        series.parameters(at)
        rows = Rows("role_names", series.layout.names, [(10, "app")], 1.0)
        told.append(len(series.absorb(rows, Moment(round(at * S), round(at * S) + 1, at)).rows))
    assert told == [1, 0, 0, 1, 0]
