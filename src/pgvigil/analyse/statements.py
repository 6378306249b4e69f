"""Statements of a span: what each did, its share of the load, and how that changed; filtered, sorted, by pages."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pgvigil.analyse.queries import Reader, run, text
from pgvigil.analyse.span import spark_span

COLUMNS = {
    "text": "lower(text)",
    "user": '"user"',
    "database": "database",
    **{
        name: name
        for name in (
            "load", "calls_per_s", "calls", "mean_ms", "stddev_ms", "rows_per_call", "hit_per_call", "read_per_call",
            "cache_hit", "temp_bytes_per_s", "wal_bytes_per_s", "io_share", "plan_ms", "load_change", "calls_change",
            "mean_change",
        )
    },
}  # fmt: skip
"""What statements can be ordered by."""

LETTERS = 1_000
LETTERS_OF_MANY = 300
"""How much of a text a list brings, and a long one: more is not read there."""

ADORNED = 100
"""For how many statements of a list, the first, its waits and its course are told: more are not in sight."""

BLOCK_SIZE = 8_192
"""Bytes of a block, as PostgreSQL is built unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Key:
    """What a statement is counted by: two users of one name may have lived in one span."""

    queryid: int | None
    userid: int
    dbid: int
    toplevel: bool
    incarnation: int

    @property
    def parameters(self) -> dict[str, Any]:
        """What the queries of this package take."""
        return {
            "queryid": self.queryid, "userid": self.userid, "dbid": self.dbid, "toplevel": self.toplevel,
            "incarnation": self.incarnation,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Statement:
    """What one normalised statement did in a span, for one user in one database of one incarnation of the server.

    `kind` is query, utility, nested (within a function) or hidden. `_ms` columns count execution time only but for
    `plan_ms`, per call; `load` is in sessions. `_before` columns tell of the compared span, `_change` the difference;
    None where that is not known. `classes` are shares of its samples, empty where no sample caught it; `spark` is its
    load by step. `cut` tells that `text` is not whole.
    """

    queryid: int | None
    userid: int
    dbid: int
    toplevel: bool
    incarnation: int
    user: str | None
    database: str | None
    kind: str
    text: str | None
    cut: bool | None
    calls: int
    calls_per_s: float | None
    mean_ms: float | None
    stddev_ms: float | None
    rows_per_call: float | None
    hit_per_call: float | None
    read_per_call: float | None
    cache_hit: float | None
    temp_bytes_per_s: float | None
    wal_bytes_per_s: float | None
    io_share: float | None
    plan_ms: float | None
    load: float | None
    share: float | None
    load_before: float | None
    calls_per_s_before: float | None
    mean_ms_before: float | None
    load_change: float | None
    calls_change: float | None
    mean_change: float | None
    is_new: bool | None
    uncertain: bool
    classes: Mapping[str, float] = field(default_factory=dict)
    spark: tuple[float | None, ...] = ()

    @property
    def key(self) -> Key:
        """What it is counted by."""
        return Key(self.queryid, self.userid, self.dbid, self.toplevel, self.incarnation)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which statements are wanted: None for any. `moved` leaves out those that ran only in the compared span; every
    one of `words` has to be in the text, whatever its case."""

    moved: bool = True
    kind: str | None = None
    user: str | None = None
    database: str | None = None
    queryid: int | None = None
    words: tuple[str, ...] = ()

    @property
    def parameters(self) -> dict[str, Any]:
        """What the query takes."""
        return {
            "moved": self.moved, "kind": self.kind, "user": self.user, "database": self.database,
            "queryid": self.queryid, "words": json.dumps([word.lower() for word in self.words]),
        }  # fmt: skip


EVERYTHING = Filter()


@dataclass(frozen=True, slots=True)
class Order:
    """By which of COLUMNS, and which end first; a page of it. `letters` is how much of each text is wanted."""

    by: str = "load"
    descending: bool = True
    limit: int = 50
    offset: int = 0
    letters: int = LETTERS


BY_LOAD = Order()


@dataclass(frozen=True, slots=True)
class Page:
    """A page of statements; `total` counts all pages of the filter, `covered` is their share of all execution time,
    `secs` the seconds of the span that are known."""

    statements: tuple[Statement, ...]
    total: int
    covered: float | None
    secs: float


def statements(
    reader: Reader,
    target: int,
    since: int,
    until: int,
    *,
    compared: tuple[int, int] | None = None,
    wanted: Filter = EVERYTHING,
    order: Order = BY_LOAD,
    block_size: int = BLOCK_SIZE,
) -> Page:
    """Statements of `target` that ran in (`since`, `until`], beside what they did in `compared`."""
    found = listed(
        reader, target, since, until, compared=compared, wanted=wanted, order=order, block_size=block_size
    )  # fmt: skip
    first = found.statements[:ADORNED]
    return replace(found, statements=(*_adorned(reader, target, since, until, first), *found.statements[ADORNED:]))


def listed(
    reader: Reader,
    target: int,
    since: int,
    until: int,
    *,
    compared: tuple[int, int] | None = None,
    wanted: Filter = EVERYTHING,
    order: Order = BY_LOAD,
    block_size: int = BLOCK_SIZE,
) -> Page:
    """The same without their waits and their course."""
    before = (since, since) if compared is None else compared
    secs, _ = known(reader, target, since, until)
    secs_before, lives = known(reader, target, *before)
    query = text("statements").format(
        statements=reader.relation("statements", since, until, until - since),
        statements_before=reader.relation("statements", *before, before[1] - before[0]),
        kind=text("statement_kind"),
        order=f"{COLUMNS[order.by]} {'DESC' if order.descending else 'ASC'}",
    )
    given = {
        "target": target, "secs": secs, "secs_before": secs_before, "lives_before": json.dumps(lives),
        "letters": order.letters, "block_size": block_size, "limit": order.limit, "offset": order.offset,
        **wanted.parameters,
    }  # fmt: skip
    answer = reader.query(query, given)
    rows = answer.rows
    if not rows and order.offset:
        # The counts stand in every row: one is asked for where the page lies beyond the last.
        rows = reader.query(query, {**given, "limit": 1, "offset": 0}).rows
        answered: Sequence[tuple[Any, ...]] = ()
    else:
        answered = rows
    names = answer.names[:-2]
    covered, total = rows[0][-2:] if rows else (None, 0)
    return Page(
        tuple(Statement(**dict(zip(names, row[:-2], strict=True))) for row in answered),
        int(total),
        covered,
        secs or 0.0,
    )


def known(reader: Reader, target: int, since: int, until: int) -> tuple[float | None, Sequence[int]]:
    """For how many seconds of a span it is known what statements did, None for none, and of which incarnations."""
    given = {"target": target, "since": since, "until": until}
    ((secs, lives),) = run(reader, "statements_known", ("passes",), since, until, given, until - since)
    return secs, sorted(lives or ())


def _adorned(reader: Reader, target: int, since: int, until: int, found: Sequence[Statement]) -> tuple[Statement, ...]:
    """With what their sessions were seen doing, and their load by step."""
    queryids = sorted({it.queryid for it in found if it.queryid is not None})
    if not queryids:
        return tuple(found)
    classes = _classes(reader, target, since, until, queryids)
    sparks = _sparks(reader, target, since, until, queryids)
    return tuple(
        replace(it, classes=classes.get((it.queryid, it.incarnation), {}), spark=sparks.get(it.key, ())) for it in found
    )


def _classes(
    reader: Reader, target: int, since: int, until: int, queryids: Sequence[int]
) -> Mapping[tuple[int | None, int], Mapping[str, float]]:
    """By queryid and incarnation, the share of its samples in each wait class."""
    given = {"target": target, "since": since, "until": until, "queryids": json.dumps(queryids)}
    counted: dict[tuple[int | None, int], dict[str, float]] = {}
    rows = run(reader, "statement_classes", ("sessions",), since, until, given, until - since)
    for queryid, incarnation, name, samples in rows:
        counted.setdefault((queryid, incarnation), {})[name] = float(samples)
    return {whose: shares(seen) for whose, seen in counted.items()}


def shares(counted: Mapping[str, float]) -> Mapping[str, float]:
    """Counts as parts of their sum."""
    whole = sum(counted.values())
    return {name: amount / whole for name, amount in counted.items()} if whole else {}


def _sparks(
    reader: Reader, target: int, since: int, until: int, queryids: Sequence[int]
) -> Mapping[Key, tuple[float | None, ...]]:
    """By key, the load of some statements in each step; None where the step is not known."""
    span = spark_span(since, until, reader.grain("statements", since, until))
    given = {"target": target, "probe": "statements", "queryids": json.dumps(queryids), **span.parameters}
    steps_known = {
        step for step, secs in run(reader, "known_steps", ("passes",), since, until, given, span.step) if secs
    }
    idle = [0.0 if step in steps_known else None for step in range(1, span.count + 1)]
    sparks: dict[Key, tuple[float | None, ...]] = {}
    for *key, steps, loads in run(reader, "statement_sparks", ("passes", "statements"), since, until, given, span.step):
        spark = idle.copy()
        for step, load in zip(steps, loads, strict=True):
            spark[step - 1] = load
        sparks[Key(*key)] = tuple(spark)
    return sparks
