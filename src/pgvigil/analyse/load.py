"""The load of a server cut into slices: average active sessions by wait, statement, user, application and the like.

A sample counts every session that it sees in a state; over the number of samples taken that is the average number of
sessions. Whatever is sliced and filtered, the slices of each dimension add up to the same whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pgvigil.analyse.queries import Reader, text
from pgvigil.analyse.span import Span, chart_spans
from pgvigil.analyse.statements import shares

SLICES = 8
"""How many slices a chart tells apart; the rest is one."""

TOP = 12
"""How many slices of each dimension are listed."""


LETTERS = 300
"""How much of a statement's text is told in a list."""


class Dimension(StrEnum):
    """By what the load is sliced."""

    CLASS = "class"
    EVENT = "event"
    STATEMENT = "statement"
    USER = "user"
    APPLICATION = "application"
    DATABASE = "database"
    CLIENT = "client"
    STATE = "state"

    @property
    def column(self) -> str:
        """Its name in `load_seen.sql`; to the engine `user` is a function."""
        return "role" if self is Dimension.USER else self.value


Only = Mapping[Dimension, str]
"""The one slice that is looked at of a dimension."""

Given = Mapping[str, int | str | None]
Values = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """Sessions that have something in common: `load` in sessions on average, `share` of all, `classes` of their own.
    `name` is None for all that come after the largest, and '' for those without one."""

    name: str | None
    load: float
    share: float
    classes: Mapping[str, float]
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Top:
    """The largest slices of a dimension, all after them as the last one; `names` is how many there are."""

    slices: tuple[Slice, ...]
    names: int


@dataclass(frozen=True, slots=True)
class Course:
    """A slice over the steps of a span: sessions on average, None where no sample was taken."""

    name: str | None
    values: Values


@dataclass(frozen=True, slots=True)
class Load:
    """The load over `span`, sliced by one dimension over time and by each of them over the whole; `taken` samples tell
    of it, and None is an average of nothing; `read` says in which steps some were taken. `before` is the whole over the
    compared span `earlier`, step by step."""

    span: Span
    courses: tuple[Course, ...]
    read: tuple[bool, ...]
    taken: int
    average: float | None
    tops: Mapping[Dimension, Top]
    earlier: Span | None
    before: Values | None


def load(
    reader: Reader,
    target: int,
    since: int,
    until: int,
    by: Dimension,
    only: Only,
    *,
    compared: tuple[int, int] | None = None,
) -> Load:
    """The load of `target` over (`since`, `until`] in microseconds, rounded outwards to steps, sliced by `by`."""
    span, earlier = chart_spans(reader, "sessions", since, until, compared)
    given = {"target": target, **{dimension.value: only.get(dimension) for dimension in Dimension}}
    taken, courses = _courses(reader, span, by, given, SLICES)
    tops = _tops(reader, span, given, taken)
    average = sum(each.load for each in tops[by].slices) if taken else None
    before = None if earlier is None else _whole(reader, earlier, given)
    read = tuple(value is not None for value in courses[0].values) if courses else (False,) * span.count
    return Load(span, courses, read, taken, average, tops, earlier, before)


def _whole(reader: Reader, span: Span, given: Given) -> Values:
    """All slices as one, step by step."""
    _, courses = _courses(reader, span, Dimension.STATE, given, 0)
    return next((course.values for course in courses), (None,) * span.count)


def _courses(reader: Reader, span: Span, by: Dimension, given: Given, most: int) -> tuple[int, tuple[Course, ...]]:
    """How many samples were taken, and the `most` largest slices with the rest after them. Where samples were taken and
    saw nobody there is a rest of nobody."""
    relations = {name: reader.relation(name, span.since, span.until, span.step) for name in ("passes", "sessions")}
    seen = text("load_seen").format(sessions=relations["sessions"])
    query = text("load_steps").format(passes=relations["passes"], seen=seen, by=by.column)
    taken: dict[int, int] = {}
    found: dict[str | None, dict[int, int]] = {}
    for step, samples, place, name, sessions in reader.query(query, {**given, **span.parameters, "most": most}).rows:
        taken[step] = int(samples)
        if sessions:
            found.setdefault(name if place is not None else None, {})[step] = int(sessions)
    if taken and not found:
        found[None] = {}
    return sum(taken.values()), tuple(
        Course(
            name,
            tuple(counts.get(step, 0) / taken[step] if step in taken else None for step in range(1, span.count + 1)),
        )
        for name, counts in found.items()
    )


def _tops(reader: Reader, span: Span, given: Given, taken: int) -> Mapping[Dimension, Top]:
    if not taken:
        return {}
    relation = {
        name: reader.relation(name, span.since, span.until, span.until - span.since)
        for name in ("sessions", "transactions")
    }
    seen = text("load_seen").format(sessions=relation["sessions"])
    words = text("statement_words").format(transactions=relation["transactions"])
    query = text("load_tops").format(seen=seen, words=words)
    counted: dict[Dimension, dict[str | None, dict[str, float]]] = {dimension: {} for dimension in Dimension}
    names = dict.fromkeys(Dimension, 0)
    texts: dict[str | None, str] = {}
    answer = reader.query(query, {**given, "most": TOP, "letters": LETTERS})
    for dimension, place, name, class_, samples, all_names, told in answer.rows:
        which = Dimension(dimension)
        names[which] = int(all_names)
        counted[which].setdefault(name if place is not None else None, {})[class_] = float(samples)
        if told is not None:
            texts[name] = told
    whole = sum(sum(classes.values()) for classes in counted[Dimension.STATE].values())
    return {
        dimension: Top(
            tuple(
                Slice(
                    name,
                    sum(classes.values()) / taken,
                    sum(classes.values()) / whole,
                    shares(classes),
                    texts.get(name) if dimension is Dimension.STATEMENT else None,
                )
                for name, classes in slices.items()
            ),
            names[dimension],
        )
        for dimension, slices in counted.items()
    }
