"""The load in slices, over a store of samples whose sums are known."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from analyse.keeping import SECOND, START, TARGET, batch, session
from pgvigil.analyse.load import SLICES, TOP, Dimension, load
from pgvigil.analyse.waits import wait_class
from pgvigil.model import Value
from pgvigil.store import Store

MINUTES = 10
PASSES = 6 * MINUTES
UNTIL = START + PASSES * 10 * SECOND
WAITS: Sequence[tuple[str | None, str | None]] = (
    (None, None), (None, None), ("IO", "DataFileRead"), ("Lock", "tuple"), ("Lock", "transactionid"),
    ("LWLock", "WALWrite"), ("BufferPin", "BufferPin"),
)  # fmt: skip
NAMES = {"userid": {10: "alice", 11: "bob"}, "dbid": {5: "shop", 6: "stock"}}


def seen(chance: random.Random) -> Mapping[str, Value]:
    """A session as the sampler would see it."""
    type_, event = chance.choice(WAITS)
    return session(
        chance.randint(1, 10),
        chance.choice(["active", "active", "idle in transaction"]),
        type_,
        wait_event=event,
        userid=chance.choice([10, 11, 12]),
        dbid=chance.choice([5, 6, None]),
        application=chance.choice(["app", "job", None]),
        client=chance.choice(["10.0.0.1", "10.0.0.2", None]),
        queryid=chance.choice([None, *range(1, 31)]),
    )


@pytest.fixture
def told(store: Store) -> Sequence[tuple[int, Mapping[str, Value]]]:
    """The number of the pass and the session, of all that was kept."""
    chance = random.Random(7)
    kept: list[tuple[int, Mapping[str, Value]]] = []
    store.append([batch(0, "role_names", [{"userid": n, "name": name} for n, name in NAMES["userid"].items()])])
    store.append([batch(0, "databases", [{"dbid": n, "name": name} for n, name in NAMES["dbid"].items()])])
    store.append([batch(0, "queries", [{"queryid": n, "text": f"select {n}"} for n in range(1, 31)])])
    for number in range(1, PASSES + 1):
        rows = {}
        for _ in range(12):
            one = seen(chance)
            rows[tuple((key, one[key]) for key in sorted(one) if key != "samples")] = one
        ours = session(5, application="pgvigil")
        store.append([batch(number, "sessions", [*rows.values(), ours], samples=10)])
        kept += [(number, one) for one in rows.values()]
    return kept


def called(one: Mapping[str, Value], dimension: Dimension) -> str:
    """What a dimension calls a session, told once more in words of this file."""
    type_, event = one["wait_event_type"], one["wait_event"]
    assert type_ is None or isinstance(type_, str)
    return {
        Dimension.CLASS: wait_class(type_),
        Dimension.EVENT: "" if type_ is None else f"{type_}:{event}",
        Dimension.STATEMENT: _text(one["queryid"]),
        Dimension.USER: _text(_named("userid", one["userid"])),
        Dimension.DATABASE: _text(_named("dbid", one["dbid"])),
        Dimension.APPLICATION: _text(one["application"]),
        Dimension.CLIENT: _text(one["client"]),
        Dimension.STATE: _text(one["state"]),
    }[dimension]


def _named(key: str, number: Value) -> Value:
    return NAMES[key].get(number, number) if isinstance(number, int) else None


def _text(value: Value) -> str:
    return "" if value is None else str(value)


def counted(told: Sequence[tuple[int, Mapping[str, Any]]], dimension: Dimension) -> Counter[str]:
    counts: Counter[str] = Counter()
    for _, one in told:
        counts[called(one, dimension)] += one["samples"]
    return counts


@pytest.mark.parametrize("by", list(Dimension))
def test_the_slices_of_every_dimension_are_those_that_were_sampled_and_add_up(
    store: Store, told: Sequence[tuple[int, Mapping[str, Value]]], by: Dimension
) -> None:
    found = load(store, TARGET, START, UNTIL, by, {})
    assert found.taken == 10 * PASSES
    whole = sum(counted(told, by).values()) / found.taken
    assert found.average == pytest.approx(whole)
    for dimension, top in found.tops.items():
        counts = counted(told, dimension)
        assert top.names == len(counts)
        named = {each.name: each.load for each in top.slices if each.name is not None}
        largest = sorted(counts.values(), reverse=True)[:TOP]
        assert sorted(named.values(), reverse=True) == pytest.approx([count / found.taken for count in largest])
        assert all(load_ == pytest.approx(counts[name] / found.taken) for name, load_ in named.items())
        assert sum(each.load for each in top.slices) == pytest.approx(whole)
        assert sum(each.share for each in top.slices) == pytest.approx(1.0)
        assert all(sum(each.classes.values()) == pytest.approx(1.0) for each in top.slices)
    assert {each.name: each.text for each in found.tops[Dimension.STATEMENT].slices if each.name} == {
        each.name: f"select {each.name}" for each in found.tops[Dimension.STATEMENT].slices if each.name
    }


@pytest.mark.parametrize("by", list(Dimension))
def test_the_courses_of_the_slices_are_those_of_their_samples(
    store: Store, told: Sequence[tuple[int, Mapping[str, Value]]], by: Dimension
) -> None:
    found = load(store, TARGET, START, UNTIL, by, {})
    assert found.span.step == 10 * SECOND
    names = [course.name for course in found.courses]
    counts = counted(told, by)
    assert len(names) == min(len(counts), SLICES) + (len(counts) > SLICES)
    for step in range(1, found.span.count + 1):
        now = [(number, one) for number, one in told if number == step]
        then = counted(now, by)
        for course in found.courses:
            rest = sum(count for name, count in then.items() if name not in names)
            samples = rest if course.name is None else then[course.name]
            assert course.values[step - 1] == pytest.approx(samples / 10)


def test_a_filter_leaves_what_fits_it_in_every_dimension(
    store: Store, told: Sequence[tuple[int, Mapping[str, Value]]]
) -> None:
    filters: list[dict[Dimension, str]] = [
        {Dimension.STATE: "active"},
        {Dimension.STATE: "active", Dimension.CLASS: "lock", Dimension.USER: "alice"},
        {Dimension.EVENT: ""},
        {Dimension.EVENT: "Lock:tuple", Dimension.DATABASE: ""},
        {Dimension.STATEMENT: "7"},
        {Dimension.STATEMENT: "", Dimension.CLIENT: "", Dimension.APPLICATION: ""},
        {Dimension.USER: "12"},
    ]
    for only in filters:
        fitting = [each for each in told if all(called(each[1], which) == name for which, name in only.items())]
        found = load(store, TARGET, START, UNTIL, Dimension.CLASS, only)
        assert fitting
        for dimension, top in found.tops.items():
            counts = counted(fitting, dimension)
            assert top.names == len(counts), (only, dimension)
            named = {each.name: each.load * found.taken for each in top.slices if each.name is not None}
            assert named == pytest.approx({name: counts[name] for name in named}), (only, dimension)
            assert sum(each.load for each in top.slices) * found.taken == pytest.approx(sum(counts.values()))


def test_without_a_sample_nothing_is_known_and_with_idle_ones_the_load_is_none(store: Store) -> None:
    found = load(store, TARGET, START, UNTIL, Dimension.CLASS, {})
    assert (found.courses, found.taken, found.average, found.tops) == ((), 0, None, {})
    for number in (1, 3):
        store.append([batch(number, "sessions", [], samples=10)])
    found = load(store, TARGET, START, START + 40 * SECOND, Dimension.CLASS, {Dimension.USER: "nobody; drop table"})
    assert (found.taken, found.average) == (20, 0.0)
    assert {top.names for top in found.tops.values()} == {0}
    assert [(course.name, course.values) for course in found.courses] == [(None, (0.0, None, 0.0, None))]


def test_weeks_are_told_by_hours_as_exactly(store: Store, told: Sequence[tuple[int, Mapping[str, Value]]]) -> None:
    before = load(store, TARGET, START, UNTIL, Dimension.EVENT, {Dimension.STATE: "active"})
    while store.maintain(START + 40 * 24 * 3600 * SECOND):
        pass
    found = load(store, TARGET, START, START + 30 * 24 * 3600 * SECOND, Dimension.EVENT, {Dimension.STATE: "active"})
    assert found.taken == before.taken
    events = {each.name: each.load for each in found.tops[Dimension.EVENT].slices}
    assert events == pytest.approx({each.name: each.load for each in before.tops[Dimension.EVENT].slices})
    assert told


def test_the_whole_is_compared_with_the_span_before_step_by_step(
    store: Store, told: Sequence[tuple[int, Mapping[str, Value]]]
) -> None:
    middle = START + 5 * 60 * SECOND
    found = load(store, TARGET, middle, UNTIL, Dimension.USER, {Dimension.STATE: "active"}, compared=(START, middle))
    assert found.earlier is not None
    assert (found.earlier.since, found.earlier.until, found.earlier.step) == (START, middle, found.span.step)
    active = [each for each in told if each[1]["state"] == "active"]
    for step, value in enumerate(found.before or (), 1):
        then = [each for each in active if each[0] == step]
        assert value == pytest.approx(sum(counted(then, Dimension.STATE).values()) / 10)
    assert len(found.before or ()) == 30
    alone = load(store, TARGET, middle, UNTIL, Dimension.USER, {})
    assert (alone.earlier, alone.before) == (None, None)
