"""Statements of a span by their share of the load."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgvigil.analyse.queries import Reader, run, text
from pgvigil.analyse.span import spark_span

COLUMNS = {
    "load": "load",
    "calls_per_s": "calls_per_s",
    "mean_ms": "mean_ms",
    "rows_per_call": "rows_per_call",
    "text": "lower(text)",
}
"""What statements can be ordered by."""

Key = tuple[int, int, int, bool]


@dataclass(frozen=True, slots=True)
class Statement:
    """What one normalised statement did in a span, for one user in one database of one incarnation of the server.

    `busy` columns count execution time only; `load` is in sessions; `classes` are shares of its samples, empty where
    no sample caught it; `spark` is its load by step.
    """

    queryid: int | None
    userid: int
    dbid: int
    toplevel: bool
    incarnation: int
    text: str | None
    user: str | None
    database: str | None
    calls: int
    calls_per_s: float | None
    mean_ms: float | None
    rows_per_call: float | None
    load: float | None
    share: float | None
    uncertain: bool
    classes: Mapping[str, float]
    spark: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of statements; `total` counts all pages, `secs` the seconds of the span that are known."""

    statements: tuple[Statement, ...]
    total: int
    secs: float


def statements(
    reader: Reader,
    target: int,
    since: int,
    until: int,
    *,
    sort: str = "load",
    descending: bool = True,
    limit: int = 50,
    offset: int = 0,
) -> Page:
    """Statements of `target` that moved in (`since`, `until`], ordered by a column of COLUMNS."""
    parameters = {"target": target, "since": since, "until": until}
    relations = {name: reader.relation(name, since, until, until - since) for name in ("statements", "passes")}
    order = f"{COLUMNS[sort]} {'DESC' if descending else 'ASC'}"
    query = text("statements").format(**relations, order=order)
    rows = reader.query(query, {**parameters, "limit": limit, "offset": offset}).rows
    if not rows:
        first = reader.query(query, {**parameters, "limit": 1, "offset": 0}).rows if offset else ()
        return Page((), int(first[0][-1]) if first else 0, float(first[0][-2] or 0) if first else 0.0)
    queryids = sorted({row[0] for row in rows if row[0] is not None})
    classes = _classes(reader, parameters, queryids)
    sparks = _sparks(reader, target, since, until, queryids)
    found = tuple(
        _statement(row, classes.get((row[0], row[14]), {}), sparks.get((*row[:4], row[14]), ())) for row in rows
    )
    return Page(found, int(rows[0][-1]), float(rows[0][-2] or 0))


def _statement(row: tuple[Any, ...], classes: Mapping[str, float], spark: tuple[float | None, ...]) -> Statement:
    queryid, userid, dbid, toplevel, text_, user, database, *numbers = row[:13]
    calls, calls_per_s, mean_ms, per_call, load, share = numbers
    return Statement(
        queryid=queryid,
        userid=userid,
        dbid=dbid,
        toplevel=toplevel,
        incarnation=row[14],
        text=text_,
        user=user,
        database=database,
        calls=int(calls),
        calls_per_s=calls_per_s,
        mean_ms=mean_ms,
        rows_per_call=per_call,
        load=load,
        share=share,
        uncertain=bool(row[13]),
        classes=classes,
        spark=spark,
    )


def _classes(
    reader: Reader, parameters: Mapping[str, int], queryids: Sequence[int]
) -> Mapping[tuple[int, int], Mapping[str, float]]:
    """By queryid and incarnation, the share of its samples in each wait class."""
    given = {**parameters, "queryids": json.dumps(queryids)}
    counted: dict[tuple[int, int], dict[str, float]] = {}
    since, until = parameters["since"], parameters["until"]
    rows = run(reader, "statement_classes", ("sessions",), since, until, given, until - since)
    for queryid, incarnation, name, samples in rows:
        counted.setdefault((queryid, incarnation), {})[name] = float(samples)
    return {
        whose: {name: samples / sum(seen.values()) for name, samples in seen.items()} for whose, seen in counted.items()
    }


def _sparks(
    reader: Reader, target: int, since: int, until: int, queryids: Sequence[int]
) -> Mapping[tuple[Any, ...], tuple[float | None, ...]]:
    """By key, the load of some statements in each step; None where the step is not known."""
    span = spark_span(since, until, reader.grain("statements", since, until))
    given = {"target": target, "probe": "statements", "queryids": json.dumps(queryids), **span.parameters}
    known = {step for step, secs in run(reader, "known_steps", ("passes",), since, until, given, span.step) if secs}
    idle = [0.0 if step in known else None for step in range(1, span.count + 1)]
    sparks: dict[tuple[Any, ...], tuple[float | None, ...]] = {}
    for *key, steps, loads in run(reader, "statement_sparks", ("passes", "statements"), since, until, given, span.step):
        spark = idle.copy()
        for step, load in zip(steps, loads, strict=True):
            spark[step - 1] = load
        sparks[tuple(key)] = tuple(spark)
    return sparks
