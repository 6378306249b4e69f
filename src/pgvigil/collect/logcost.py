"""What our statements add to the server's log, where it logs statements.

Settings and defaults: PostgreSQL documentation, "Error Reporting and Logging"; auto_explain; pgAudit, "Settings".
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pgvigil.catalog import identifier
from pgvigil.catalog.types import Query, Scope
from pgvigil.collect.asking import load
from pgvigil.collect.quiet import audit_classes, number_in, share_in
from pgvigil.model import Capabilities

_DAY = 86_400.0
_LINE = 90
"""Bytes of a log line beside the statement: time, pid, user, database, duration; with a usual log_line_prefix."""

_FRAME = 6
"""Statements of ours around each question: BEGIN, the limits, ROLLBACK."""

_FRAME_BYTES = 40
_BEAT = 3.0
"""Seconds between two heartbeats."""

_SLOWEST = 10
"""A threshold of so many milliseconds is above what a statement of ours takes, but for the dearest on large servers."""


class Writer(StrEnum):
    """Who writes: each writes a line of its own for a statement."""

    SERVER = "server"
    AUTO_EXPLAIN = "auto_explain"
    PGAUDIT = "pgaudit"


@dataclass(frozen=True, slots=True)
class Logged:
    """A setting by which the server logs our statements: all of them, or this share; and what stops it for a role."""

    setting: str
    value: str
    stops: str
    writer: Writer = Writer.SERVER
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class LogCost:
    """What the log costs: why, about how much, and the SQL that stops it for our role."""

    reason: str
    megabytes_a_day: float
    remedy: str


def logged_by(settings: Mapping[str, str]) -> tuple[Logged, ...]:
    """The settings by which a server logs our statements."""
    return tuple(it for it in (*_by_the_server(settings), *_by_modules(settings)) if it.share > 0)


def log_cost(capabilities: Capabilities, queries: Iterable[Query], databases: int) -> LogCost | None:
    """What these queries write into the log of a server of so many databases; None where nothing makes it log them."""
    found = logged_by(capabilities.settings)
    if not found:
        return None
    by_writer: dict[Writer, float] = {}
    for it in found:
        by_writer[it.writer] = min(1.0, by_writer.get(it.writer, 0.0) + it.share)
    megabytes = sum(by_writer.values()) * bytes_a_day(queries, databases) / 1e6
    names = ", ".join(f"{it.setting} = {it.value}" for it in found)
    reason = f"With {names} the server logs our statements, about {megabytes:.0f} MB a day."
    role = identifier(capabilities.role)
    return LogCost(reason, megabytes, "\n".join(f"ALTER ROLE {role} {it.stops};" for it in found))


def bytes_a_day(queries: Iterable[Query], databases: int) -> float:
    """About how much our statements write into a log that takes them all."""
    frame = _FRAME * (_FRAME_BYTES + _LINE)
    total = _DAY / _BEAT * (len(load("heartbeat")) + _LINE + frame)
    for query in queries:
        every = 1.0 if query.probe.on_sampler else query.probe.every or _DAY
        places = databases if query.probe.scope is Scope.DATABASE else 1
        total += places * _DAY / every * (len(query.sql) + _LINE + frame)
    return total


def _by_the_server(settings: Mapping[str, str]) -> Iterator[Logged]:
    if settings.get("log_statement") == "all":
        yield Logged("log_statement", "all", "SET log_statement = 'none'")
    yield from _by_duration(settings, "log_min_duration_statement", 1.0)
    yield from _by_duration(settings, "log_min_duration_sample", share_in(settings.get("log_statement_sample_rate")))
    share = share_in(settings.get("log_transaction_sample_rate"), "0")
    name = "log_transaction_sample_rate"
    yield Logged(name, settings.get(name, "0"), f"SET {name} = 0", share=share)


def _by_modules(settings: Mapping[str, str]) -> Iterator[Logged]:
    yield from _by_duration(settings, "auto_explain.log_min_duration", 1.0, Writer.AUTO_EXPLAIN)
    audited = settings.get("pgaudit.log", "")
    if "read" in audit_classes(audited):
        yield Logged("pgaudit.log", audited, "SET pgaudit.log = 'none'", Writer.PGAUDIT)


def _by_duration(
    settings: Mapping[str, str], name: str, share: float, writer: Writer = Writer.SERVER
) -> Iterator[Logged]:
    if 0 <= number_in(settings.get(name)) < _SLOWEST:
        yield Logged(name, settings[name], f"SET {name} = -1", writer, share)
