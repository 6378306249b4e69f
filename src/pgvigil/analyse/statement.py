"""One statement in full: its course over a span and over the one it is compared with, its waits, who ran it."""

from collections.abc import Mapping
from dataclasses import dataclass

from pgvigil.analyse.queries import Reader, run, text
from pgvigil.analyse.span import Span, chart_spans
from pgvigil.analyse.statements import BLOCK_SIZE, Filter, Key, Order, Statement, listed, shares
from pgvigil.analyse.waits import CLASSES

HOUR = 3_600_000_000
EVER = 2**53

SERIES = (
    "calls", "mean", "stddev", "rows", "hit", "read", "temp", "wal", "io", "load", "planning",
)  # fmt: skip
"""What is told by step: rates per second, bytes per second, seconds per call, sessions."""


@dataclass(frozen=True, slots=True)
class Course:
    """A value for each step of `span` and name of SERIES, None where it is not known; and which steps are uncertain."""

    span: Span
    values: Mapping[str, tuple[float | None, ...]]
    uncertain: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Extremes:
    """The shortest and longest execution in milliseconds, and since when they count.

    Servers before 17 do not tell that of one statement: there `since` is None and `after` the last reset of all.
    """

    min_ms: float | None
    max_ms: float | None
    since: int | None
    counted_since: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Seen:
    """Sessions seen running it that have something in common: `load` in sessions, `share` of all seen running it."""

    name: str
    load: float
    share: float
    classes: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Detail:
    """One statement. `row` is None where it did not run in the span; `alike` are all rows with its queryid, its own
    included; `samples` are how many sessions were seen running it."""

    key: Key
    text: str | None
    first_seen: int | None
    user: str | None
    database: str | None
    kind: str
    row: Statement | None
    alike: tuple[Statement, ...]
    course: Course
    before: Course | None
    extremes: Extremes
    samples: int
    seen: Mapping[str, tuple[Seen, ...]]


def statement(
    reader: Reader,
    target: int,
    key: Key,
    since: int,
    until: int,
    *,
    compared: tuple[int, int] | None = None,
    block_size: int = BLOCK_SIZE,
) -> Detail | None:
    """All that is known of one statement over (`since`, `until`]; None where nothing of it was ever kept."""
    given = {"target": target, **key.parameters}
    page = listed(
        reader, target, since, until, compared=compared, wanted=Filter(queryid=key.queryid), order=Order(limit=500),
        block_size=block_size,
    )  # fmt: skip
    alike = tuple(it for it in page.statements if it.queryid == key.queryid)
    row = next((it for it in alike if it.key == key), None)
    if row is None and not run(reader, "statement_ran", ("statements",), 0, EVER, given, EVER):
        return None
    ((told, first_seen, user, database, kind),) = reader.query(
        text("statement_text").format(kind=text("statement_kind")), given
    ).rows
    span, shifted = chart_spans(reader, "statements", since, until, compared)
    samples, seen = _seen(reader, target, key, since, until)
    return Detail(
        key=key,
        text=told,
        first_seen=first_seen,
        user=user,
        database=database,
        kind=kind,
        row=row,
        alike=alike,
        course=_course(reader, target, key, span, block_size),
        before=None if shifted is None else _course(reader, target, key, shifted, block_size),
        extremes=_extremes(reader, target, key, since, until),
        samples=samples,
        seen=seen,
    )


def _course(reader: Reader, target: int, key: Key, span: Span, block_size: int) -> Course:
    given = {"target": target, "block_size": block_size, **key.parameters, **span.parameters}
    values: dict[str, list[float | None]] = {name: [None] * span.count for name in SERIES}
    uncertain: list[int] = []
    rows = run(reader, "statement_steps", ("passes", "statements"), span.since, span.until, given, span.step)
    for step, *told, doubtful in rows:
        for name, value in zip(SERIES, told, strict=True):
            values[name][step - 1] = value
        if doubtful:
            uncertain.append(step)
    return Course(span, {name: tuple(told) for name, told in values.items()}, tuple(uncertain))


def _extremes(reader: Reader, target: int, key: Key, since: int, until: int) -> Extremes:
    # A value that hardly ever moves is kept once an hour at least: two hours hold it, if the statement ran then.
    begin = min(since, until - 2 * HOUR)
    given = {"target": target, **key.parameters, "since": begin, "until": until}
    ((shortest, longest, since_when, counted),) = run(
        reader, "statement_extremes", ("statements",), begin, until, given
    )  # fmt: skip
    ((reset, _),) = run(reader, "statements_reset", ("statements_info",), begin, until, given)
    return Extremes(shortest, longest, since_when, counted, None if since_when is not None else reset)


def _seen(reader: Reader, target: int, key: Key, since: int, until: int) -> tuple[int, Mapping[str, tuple[Seen, ...]]]:
    """By what sessions have in common: the wait event, user, database, application or tag."""
    given = {"target": target, **key.parameters, "since": since, "until": until}
    ((taken, *_),) = run(reader, "statement_sampled", ("passes", "sessions"), since, until, given, until - since)
    counted: dict[str, dict[str, dict[str, float]]] = {}
    rows = run(reader, "statement_waits", ("sessions",), since, until, given, until - since)
    for by, name, class_, samples in rows:
        # The same event name may belong to two classes; each class without an event is one of its own.
        named = f"{class_}:{name}" if by == "event" else name
        counted.setdefault(by, {}).setdefault(named, dict.fromkeys(CLASSES, 0.0))[class_] += samples
    events = counted.get("event", {})
    whole = sum(sum(classes.values()) for classes in events.values())
    if not taken or not whole:
        return 0, {}
    return int(whole), {
        by: tuple(
            sorted(
                (
                    Seen(name, sum(classes.values()) / taken, sum(classes.values()) / whole, shares(classes))
                    for name, classes in groups.items()
                ),
                key=lambda it: (-it.load, it.name),
            )
        )
        for by, groups in counted.items()
    }
