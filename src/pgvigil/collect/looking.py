"""One look at a server, without a store: what the lints find, what cannot be seen, what each probe costs."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from pgvigil.catalog import Catalog, Query, choose, invisible
from pgvigil.catalog.lints import Lint
from pgvigil.catalog.types import Scope, Takes
from pgvigil.collect.asking import load
from pgvigil.collect.texts import scrub_message
from pgvigil.model import Capabilities, Finding, Invisible, Severity, Target
from pgvigil.pg import (
    ConnectError,
    Failure,
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


@dataclass(frozen=True, slots=True)
class Look:
    """What one look saw. `hidden` is what the probes cannot see, and the lints that could not be asked, each with the
    reason."""

    capabilities: Capabilities
    findings: tuple[Finding, ...]
    hidden: tuple[Invisible, ...]
    databases: tuple[str, ...]
    notes: tuple[str, ...]


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
    session = await connect(target, database=database)
    try:
        yield session
    finally:
        session.close()


async def look(target: Target, catalog: Catalog, lints: Iterable[Lint]) -> Look:
    """Ask all lints once, in every database that may be visited; raises ConnectError where there is no answer."""
    by_scope: dict[Scope, list[Lint]] = {scope: [] for scope in Scope}
    for lint in lints:
        by_scope[lint.scope].append(lint)
    async with _session(target) as session:
        capabilities = await find_capabilities(session, catalog.relations, catalog.settings)
        found = await _ask(session, by_scope[Scope.CLUSTER], capabilities, None)
        names = [capabilities.database] if session.pooled else await _databases(session, capabilities)
        notes = session.notes
    for name in names:
        found += await _visit(target, name, by_scope[Scope.DATABASE], capabilities)
    findings = [one for one in found if isinstance(one, Finding)]
    return Look(
        capabilities,
        tuple(sorted(findings, key=lambda finding: (-finding.severity, finding.lint, finding.subject))),
        (*invisible(catalog, capabilities), *(one for one in found if isinstance(one, Invisible))),
        tuple(names),
        tuple(notes),
    )


async def _visit(
    target: Target, name: str, lints: Sequence[Lint], capabilities: Capabilities
) -> list[Finding | Invisible]:
    try:
        async with _session(target, name) as session:
            return await _ask(session, lints, capabilities, name)
    except ConnectError as error:
        return [Invisible(f"database {name}", error.cause, error.remedy)]


async def _ask(
    session: Session, lints: Sequence[Lint], capabilities: Capabilities, database: str | None
) -> list[Finding | Invisible]:
    asked = [(lint, sql) for lint in lints if (sql := lint.sql(capabilities.major))]
    requests = [Request(lint.name, sql, (), _LIMIT_MS) for lint, sql in asked]
    replies = await session.run(requests, deadline=_DEADLINE)
    found: list[Finding | Invisible] = []
    for (lint, _), reply in zip(asked, replies, strict=True):
        found += _answers(lint, reply, database)
    return found


def _answers(lint: Lint, reply: Reply, database: str | None) -> list[Finding | Invisible]:
    place = f" in database {database}" if database else ""
    if isinstance(reply, Failure):
        return [Invisible(f"{lint.name}{place}", f"The server answered: {scrub_message(reply.message)}")]
    return [_finding(lint, dict(zip(reply.names, row, strict=True)), database) for row in reply.rows]


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
    (reply,) = await session.run([Request("databases", load("databases"), (), _LIMIT_MS)], deadline=_DEADLINE)
    return [str(name) for _, name in reply.rows] if isinstance(reply, Rows) else [capabilities.database]


async def examine(target: Target, catalog: Catalog) -> tuple[Capabilities, tuple[Trial, ...], tuple[str, ...]]:
    """Ask every visible probe once: what the server is, how each fared, and notes on the DSN. Raises ConnectError."""
    async with _session(target) as session:
        capabilities = await find_capabilities(session, catalog.relations, catalog.settings)
        chosen = [choose(probe, capabilities) for probe in catalog.probes.values()]
        requests = [
            _request(query, capabilities) for query in chosen if isinstance(query, Query) and not _for_each(query)
        ]
        replies = await session.run(requests, deadline=_DEADLINE)
        notes = session.notes
    by_name = {reply.name: reply for reply in replies}
    trials = [_trial(one, by_name) for one in chosen if isinstance(one, Query)]
    return capabilities, tuple(trials), tuple(notes)


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
        return Trial(name, summary, one.file, reason=f"The server answered: {scrub_message(reply.message)}")
    return replace(Trial(name, summary, one.file), rows=len(reply.rows), milliseconds=reply.elapsed_ms)
