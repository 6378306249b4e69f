"""One look at a server, without a store: what the lints find, what cannot be seen, what each probe costs."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from pgvigil.catalog import Catalog, Query, choose, invisible
from pgvigil.catalog.lints import Lint
from pgvigil.catalog.types import Scope, Takes
from pgvigil.collect.asking import load, visited
from pgvigil.collect.logcost import LogCost, log_cost
from pgvigil.collect.texts import scrub_message
from pgvigil.model import Capabilities, Condition, Finding, Invisible, Severity, Target
from pgvigil.pg import (
    ConnectError,
    Failure,
    FailureKind,
    Reply,
    Request,
    Rows,
    Session,
    compose,
    connect,
    find_capabilities,
    int8_array,
)

_LIMIT_MS = 2_000
_DEADLINE = 20.0
_AGAIN = "Try again; the server's log tells more."
_PATIENCE = 3.0
"""Seconds for a connection and for each answer, so that a cause is named within five, the start of the program
included; longer than an answer may take."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look saw. `hidden` is what the probes cannot see; `failed` the lints that were asked and not answered,
    and the databases that could not be visited. Some were answered, or there would be no look."""

    capabilities: Capabilities
    findings: tuple[Finding, ...]
    hidden: tuple[Invisible, ...]
    failed: tuple[Invisible, ...]
    databases: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of asking a lint in one place: findings, or why there can be none."""

    findings: tuple[Finding, ...] = ()
    failed: Invisible | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """How a probe fared when it was asked once: `rows` and `milliseconds` (ours, network included), or why not."""

    probe: str
    summary: str
    file: str
    rows: int | None = None
    milliseconds: float | None = None
    reason: str | None = None


@asynccontextmanager
async def _session(target: Target, database: str | None = None) -> AsyncIterator[Session]:
    session = await connect(target, timeout=_PATIENCE, database=database)
    try:
        yield session
    finally:
        session.close()


async def look(target: Target, catalog: Catalog, lints: Iterable[Lint]) -> Look:
    """Ask all lints once, in every database that may be visited; raises ConnectError where there is no answer: no
    session, a server that goes away meanwhile, or not one lint that it answers."""
    by_scope: dict[Scope, list[Lint]] = {scope: [] for scope in Scope}
    for lint in lints:
        by_scope[lint.scope].append(lint)
    async with _session(target) as session:
        capabilities = await find_capabilities(
            session, catalog.relations, catalog.settings, catalog.tables, deadline=_PATIENCE
        )
        found = await _ask(session, by_scope[Scope.CLUSTER], capabilities, None)
        names = [capabilities.database] if session.pooled else await _databases(session, capabilities)
        notes = session.notes
    for name in names:
        found += await _visit(target, name, by_scope[Scope.DATABASE], capabilities)
    failed = tuple(one.failed for one in found if one.failed is not None)
    if found and len(failed) == len(found):
        raise ConnectError(
            Condition.REFUSED, f"Not one lint was answered; {failed[0].what}: {failed[0].reason}", _AGAIN
        )
    findings = [finding for one in found for finding in one.findings]
    return Look(
        capabilities,
        tuple(sorted(findings, key=lambda finding: (-finding.severity, finding.lint, finding.subject))),
        invisible(catalog, capabilities),
        failed,
        tuple(names),
        tuple(notes),
    )


async def _visit(target: Target, name: str, lints: Sequence[Lint], capabilities: Capabilities) -> list[_Answer]:
    try:
        async with _session(target, name) as session:
            return await _ask(session, lints, capabilities, name)
    except ConnectError as error:
        if error.condition is Condition.UNREACHABLE:
            raise
        return [_Answer(failed=Invisible(f"database {name}", error.cause, error.remedy))]


async def _ask(
    session: Session, lints: Sequence[Lint], capabilities: Capabilities, database: str | None
) -> list[_Answer]:
    asked = [(lint, sql) for lint in lints if (sql := lint.sql(capabilities.major))]
    requests = [Request(lint.name, sql, (), _LIMIT_MS) for lint, sql in asked]
    replies = await _run(session, requests)
    return [_answer(lint, reply, database) for (lint, _), reply in zip(asked, replies, strict=True)]


async def _run(session: Session, requests: Sequence[Request]) -> Sequence[Reply]:
    """The replies of a server that is still there after them."""
    replies = await session.run(requests, deadline=_DEADLINE, silence=_PATIENCE)
    if any(isinstance(reply, Failure) and reply.kind is FailureKind.GONE for reply in replies):
        raise ConnectError(Condition.UNREACHABLE, "The connection ended while the server was looked at.", _AGAIN)
    if session.broken:
        raise ConnectError(
            Condition.UNREACHABLE,
            f"The server stopped answering while it was looked at: nothing came for {_PATIENCE:g} s.",
            "Check its load and the network between.",
        )
    return replies


def _answer(lint: Lint, reply: Reply, database: str | None) -> _Answer:
    place = f" in database {database}" if database else ""
    if isinstance(reply, Failure):
        return _Answer(failed=Invisible(f"{lint.name}{place}", _reason(reply)))
    return _Answer(tuple(_finding(lint, dict(zip(reply.names, row, strict=True)), database) for row in reply.rows))


def _reason(failure: Failure) -> str:
    if failure.kind is FailureKind.DEADLINE and failure.sqlstate is None:
        return "No answer came in time."
    return f"The server answered: {scrub_message(failure.message)}"


def _finding(lint: Lint, row: Mapping[str, object], database: str | None) -> Finding:
    return Finding(
        lint=lint.name,
        key=f"{database}: {row['key']}" if database else str(row["key"]),
        severity=Severity[str(row["severity"]).upper()],
        title=lint.title,
        subject=str(row["subject"] or ""),
        detail=f"{row['detail']}{f' (database {database})' if database else ''}",
        remedy=str(row["remedy"] or lint.todo),
    )


async def _databases(session: Session, capabilities: Capabilities) -> list[str]:
    (reply,) = await _run(session, [Request("databases", load("databases"), (), _LIMIT_MS)])
    return [each.name for each in visited(reply)] if isinstance(reply, Rows) else [capabilities.database]


@dataclass(frozen=True, slots=True)
class Examination:
    """What the server is, how each visible probe fared, what the server's log would take of a watch (None: nothing),
    and notes on the DSN."""

    capabilities: Capabilities
    trials: tuple[Trial, ...]
    log_cost: LogCost | None
    notes: tuple[str, ...]


async def examine(target: Target, catalog: Catalog) -> Examination:
    """Ask every visible probe once. Raises ConnectError."""
    async with _session(target) as session:
        capabilities = await find_capabilities(
            session, catalog.relations, catalog.settings, catalog.tables, deadline=_PATIENCE
        )
        chosen = [choose(probe, capabilities) for probe in catalog.probes.values()]
        requests = [
            _request(query, capabilities) for query in chosen if isinstance(query, Query) and not _for_each(query)
        ]
        replies = await _run(session, requests)
        databases = [capabilities.database] if session.pooled else await _databases(session, capabilities)
        notes = session.notes
    by_name = {reply.name: reply for reply in replies}
    queries = [one for one in chosen if isinstance(one, Query)]
    trials = tuple(_trial(one, by_name) for one in queries)
    soon = any(isinstance(one, Invisible) and one.remedy is not None for one in chosen)
    cost = log_cost(capabilities, queries, len(databases), looks_soon=soon)
    return Examination(capabilities, trials, cost, tuple(notes))


def _for_each(query: Query) -> bool:
    return query.probe.for_each is not None


def _request(query: Query, capabilities: Capabilities) -> Request:
    parameters = (int8_array([]),) if query.takes is Takes.KEYS else ()
    return Request(query.probe.name, compose(query, capabilities), parameters, _LIMIT_MS)


def _trial(one: Query, replies: Mapping[str, Reply]) -> Trial:
    name, summary = one.probe.name, one.probe.summary
    reply = replies.get(name)
    if reply is None:
        return Trial(name, summary, one.file, reason="It is asked once per object found, which only a watch does.")
    if isinstance(reply, Failure):
        return Trial(name, summary, one.file, reason=_reason(reply))
    return replace(Trial(name, summary, one.file), rows=len(reply.rows), milliseconds=reply.elapsed_ms)
