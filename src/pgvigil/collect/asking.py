"""From queries to requests, and from replies back to probes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

from pgvigil.catalog.types import Query
from pgvigil.collect.binding import words_of
from pgvigil.model import Capabilities, Value
from pgvigil.pg import Failure, Parameter, Reply, Request, Rows, Session, compose, int8_array, text_array, wrap_changed

PASS_DEADLINE = 5.0
"""Seconds on our clock for all requests of a run."""


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects that a probe with `for_each` is asked for; `left_out` says how many more there are."""

    names: Sequence[str]
    left_out: str | None = None


@dataclass(frozen=True, slots=True)
class Database:
    """A database that may be visited."""

    oid: int
    name: str


def visited(listed: Rows) -> list[Database]:
    """Of the list of databases those that may be visited."""
    return [Database(oid, str(name)) for oid, name, may_be, _ in listed.rows if may_be and isinstance(oid, int)]


def load(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def request_for(
    query: Query,
    capabilities: Capabilities,
    limit_ms: int,
    parameters: tuple[Parameter, ...] = (),
    found: str | None = None,
) -> Request:
    """The request of a query; `found` is the object it is for, where its probe has `for_each`."""
    sql = compose(query, capabilities, found)
    if query.changed_by:
        sql = wrap_changed(sql, query.probe.key, query.changed_by, query.columns)
    return Request(query.probe.name, sql, parameters, limit_ms, query.zeros, repeats=found is None)


def keys_parameter(keys: Sequence[Value]) -> Parameter:
    """An array of keys: of numbers, or else of texts."""
    numbers = [key for key in keys if isinstance(key, int)]
    return int8_array(numbers) if len(numbers) == len(keys) else text_array([str(key) for key in keys])


async def objects_for(
    session: Session, queries: Sequence[Query], capabilities: Capabilities
) -> Mapping[str, Objects | Failure]:
    """The objects that the probes with `for_each` are to be asked for, by probe."""
    wanted = [query for query in queries if query.probe.for_each is not None]
    if not wanted:
        return {}
    requests = [_listing(query, capabilities) for query in wanted]
    replies = await session.run(requests, deadline=PASS_DEADLINE)
    return {
        query.probe.name: reply if isinstance(reply, Failure) else _within(query.probe.for_each_limit, reply)
        for query, reply in zip(wanted, replies, strict=True)
    }


def _within(limit: int, reply: Rows) -> Objects:
    names = [str(row[0]) for row in reply.rows]
    if len(names) <= limit:
        return Objects(names)
    return Objects(names[:limit], f"{limit} of {len(names)} objects were asked for, as for_each_limit says")


def _listing(query: Query, capabilities: Capabilities) -> Request:
    sql = query.probe.queries[query.probe.for_each or ""]
    return Request(query.probe.name, compose(replace(query, sql=sql), capabilities), (), query.probe.deadline_ms)


def merged(replies: Sequence[Reply]) -> tuple[dict[str, Reply], dict[str, str]]:
    """Replies by probe, those for several objects as one; and why some objects of a probe brought nothing."""
    by_probe: dict[str, list[Reply]] = {}
    for reply in replies:
        by_probe.setdefault(reply.name, []).append(reply)
    partial: dict[str, str] = {}
    for name, several in by_probe.items():
        failed = [reply for reply in several if isinstance(reply, Failure)]
        if 0 < len(failed) < len(several):
            partial[name] = f"{len(failed)} of {len(several)} objects brought nothing ({words_of(failed[0])})"
    return {name: _one(several) for name, several in by_probe.items()}, partial


def _one(several: Sequence[Reply]) -> Reply:
    good = [reply for reply in several if isinstance(reply, Rows)]
    if len(several) == 1 or not good:
        return several[0]
    rows = [row for reply in good for row in reply.rows]
    return Rows(good[0].name, good[0].names, rows, sum(reply.elapsed_ms for reply in several))
