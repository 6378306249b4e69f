"""What our statements add to the server's log, where it logs statements.

Settings and defaults: PostgreSQL documentation, "Error Reporting and Logging"; auto_explain; pgAudit, "Settings". What
is written for a message of the protocol: `exec_parse_message` and its like in `src/backend/tcop/postgres.c`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pgvigil import pg
from pgvigil.catalog import identifier
from pgvigil.catalog.types import Query, Scope, Takes
from pgvigil.collect.asking import load, request_for
from pgvigil.collect.logline import LogLine, log_line_of
from pgvigil.collect.quiet import RARER, audit_classes, limit_for, number_in, share_in
from pgvigil.collect.rounds import LOOK_AGAIN, LOOK_SOON
from pgvigil.model import Capabilities
from pgvigil.pg import frame

_DAY = 86_400.0
_BEAT = 3.5
"""Seconds between two heartbeats of the sampler, which has one in every third or fourth of its looks."""

_TEXTS = 60.0
"""Seconds between two questions for texts: in each pass at first, and seldom once all were told."""

_SLOWEST = 10
"""A threshold of so many milliseconds is above what a statement of ours takes, but for the dearest on large servers."""

_UNNAMED, _NAMED = "<unnamed>", "pgvigil_10"
_TOOK = "duration: 0.100 ms"
_NO_KEYS = "Parameters: $1 = '{}'"

_PLANS = {
    "text": (0.37, 1.07, 0.16, 0.05),
    "json": (1.41, 1.12, 0.56, 1.70),
    "xml": (1.86, 1.86, 0.79, 2.44),
    "yaml": (1.14, 1.47, 0.46, 1.47),
}
"""How long the plan of a question of ours is beside its text in each format, and what `log_verbose`, `log_analyze` and,
with that, `log_buffers` add to it: measured with the shipped probes on 14 and 18, whose plans do not grow with the
server."""

_RELATIONS = 1.3
"""How many entries pgAudit makes of a question of ours where it makes one for each relation."""


class Writer(StrEnum):
    """Who writes: each writes entries of its own for a statement."""

    STATEMENTS = "statements"
    DURATIONS = "durations"
    BARE_DURATIONS = "bare durations"
    AUTO_EXPLAIN = "auto_explain"
    PGAUDIT = "pgaudit"


@dataclass(frozen=True, slots=True)
class Logged:
    """A setting by which the server logs our statements: all of them, or this share; and what stops it for a role.
    `slow` says that those alone are logged that take a while, which nobody can tell beforehand."""

    setting: str
    value: str
    stops: str
    writer: Writer
    share: float = 1.0
    slow: bool = False


@dataclass(frozen=True, slots=True)
class LogCost:
    """What the log costs: why, about how much, and the SQL that stops it for our role."""

    reason: str
    megabytes_a_day: float
    remedy: str


@dataclass(frozen=True, slots=True)
class _Question:
    """A SELECT of ours and the statements of the transaction around it, so many times a day. `named` says that the
    server has it parsed already, `keys` that it takes a parameter."""

    text: str
    a_day: float
    around: tuple[str, ...]
    named: bool
    keys: bool = False


def logged_by(settings: Mapping[str, str]) -> tuple[Logged, ...]:
    """The settings by which a server logs our statements."""
    return tuple(it for it in (*_by_the_server(settings), *_by_modules(settings)) if it.share > 0)


def log_cost(
    capabilities: Capabilities, queries: Iterable[Query], databases: int, *, looks_soon: bool = False
) -> LogCost | None:
    """What these queries write into the log of a server of so many databases; None where nothing makes it log them.
    `looks_soon` says that a probe is invisible that may come into sight at any time."""
    found = logged_by(capabilities.settings)
    if not found:
        return None
    questions = _questions(capabilities, queries, databases, LOOK_SOON if looks_soon else LOOK_AGAIN)
    megabytes = _bytes_a_day(found, capabilities, questions) / 1e6
    names = ", ".join(f"{it.setting} = {it.value}" for it in found)
    about = "up to about" if any(it.slow for it in found) else "about"
    reason = f"With {names} the server logs our statements, {about} {megabytes:.0f} MB a day."
    role = identifier(capabilities.role)
    return LogCost(reason, megabytes, "\n".join(f"ALTER ROLE {role} {it.stops};" for it in found))


def _bytes_a_day(found: Collection[Logged], capabilities: Capabilities, questions: Iterable[_Question]) -> float:
    log, settings = log_line_of(capabilities), capabilities.settings
    told = any(it.writer is Writer.STATEMENTS for it in found)
    sizes: dict[Writer, Callable[[_Question], float]] = {
        Writer.STATEMENTS: lambda it: _statements(log, it),
        Writer.DURATIONS: lambda it: _durations(log, it, told=told),
        Writer.BARE_DURATIONS: lambda it: _bare_durations(log, it),
        Writer.AUTO_EXPLAIN: lambda it: _plan(log, it, settings),
        Writer.PGAUDIT: lambda it: _audited(log, it, settings),
    }
    asked = tuple(questions)
    total = 0.0
    for writer, size in sizes.items():
        whole, slow = _shares(found, writer)
        total += whole * sum(it.a_day * size(it) for it in asked)
        total += slow * sum(it.a_day * (_slow(log, it) if writer is Writer.DURATIONS else size(it)) for it in asked)
    return total


def _shares(found: Collection[Logged], writer: Writer) -> tuple[float, float]:
    """Of our statements those that it writes whatever they take, and those that it writes if they take a while."""
    mine = [it for it in found if it.writer is writer]
    whole = min(1.0, sum(it.share for it in mine if not it.slow))
    if writer is Writer.BARE_DURATIONS:  # what is told with its text is not told without
        return max(0.0, whole - _shares(found, Writer.DURATIONS)[0]), 0.0
    return whole, min(1.0 - whole, sum(it.share for it in mine if it.slow))


def _statements(log: LogLine, question: _Question) -> float:
    """`log_statement`: an entry when a statement is executed, whatever brought it there."""
    around = sum(log.entry(f"execute {_UNNAMED}: {text}") for text in question.around)
    return around + log.entry(f"execute {_name(question)}: {question.text}", _keys(question))


def _durations(log: LogLine, question: _Question, *, told: bool) -> float:
    """An entry with the text for each message: parse, bind, execute; the last without where `log_statement` told it."""

    def executed(name: str, text: str, keys: str = "") -> int:
        return log.entry(_TOOK) if told else log.entry(f"{_TOOK}  execute {name}: {text}", keys)

    def prepared(steps: Iterable[str], name: str, text: str, keys: str = "") -> int:
        return sum(log.entry(f"{_TOOK}  {step} {name}: {text}", "" if step == "parse" else keys) for step in steps)

    both, name = ("parse", "bind"), _name(question)
    around = sum(prepared(both, _UNNAMED, text) + executed(_UNNAMED, text) for text in question.around)
    steps = ("bind",) if question.named else both
    asked = prepared(steps, name, question.text, _keys(question)) + executed(name, question.text, _keys(question))
    return around + asked


def _bare_durations(log: LogLine, question: _Question) -> float:
    """`log_duration`: an entry without the text for each message."""
    return (3 * len(question.around) + (2 if question.named else 3)) * log.entry(_TOOK)


def _slow(log: LogLine, question: _Question) -> float:
    """The only one of its messages that may take a while."""
    return log.entry(f"{_TOOK}  execute {_name(question)}: {question.text}", _keys(question))


def _plan(log: LogLine, question: _Question, settings: Mapping[str, str]) -> float:
    """auto_explain: the text and the plan of what is planned."""
    form = settings.get("auto_explain.log_format", "text")
    share, verbose, analyzed, buffers = _PLANS.get(form, _PLANS["text"])
    if settings.get("auto_explain.log_verbose") == "on":
        share += verbose
    if settings.get("auto_explain.log_analyze") == "on":
        share += analyzed + (buffers if settings.get("auto_explain.log_buffers") == "on" else 0.0)
    return log.entry(f"{_TOOK}  plan:\nQuery Text: {question.text}") + share * len(question.text.encode())


def _audited(log: LogLine, question: _Question, settings: Mapping[str, str]) -> float:
    """pgAudit: an entry for a SELECT that is read, and with `misc` for what stands around it."""
    quiet = settings.get("pgaudit.log_statement") == "off"

    def audited(kind: str, text: str) -> int:
        quoted = "<not logged>" if quiet else f'"{text}"'
        return log.entry(f"AUDIT: SESSION,100,1,{kind},,,{quoted},<not logged>")

    classes = audit_classes(settings.get("pgaudit.log", ""))
    entries = _RELATIONS if settings.get("pgaudit.log_relation") == "on" else 1.0
    around = sum(audited("MISC,BEGIN", text) for text in question.around) if "misc" in classes else 0
    return around + (entries * audited("READ,SELECT", question.text) if "read" in classes else 0)


def _name(question: _Question) -> str:
    return _NAMED if question.named else _UNNAMED


def _keys(question: _Question) -> str:
    return _NO_KEYS if question.keys else ""


def _questions(
    capabilities: Capabilities, queries: Iterable[Query], databases: int, looks: float
) -> Iterator[_Question]:
    """All that we ask in a day."""
    asked = tuple(queries)
    visited = [query for query in asked if query.probe.scope is Scope.DATABASE]
    passes = [_period(it, capabilities) for it in asked if it not in visited and not it.probe.on_sampler]
    stays, roams = _Way(capabilities, stays=True), _Way(capabilities, stays=False)
    beats = _DAY / _BEAT + _DAY / min(passes, default=_DAY) + _DAY / looks
    yield stays.question(load("heartbeat"), beats)
    for name in ("server", "roles", "extensions", "columns", "settings", "identity"):
        yield stays.question(pg.load(name), _DAY / looks, 2_000, keys=name in {"columns", "settings"})
    if visited:
        rounds = _DAY / min(_period(it, capabilities) for it in visited)
        yield roams.question(load("databases"), rounds)
        yield _Question(pg.load("handshake"), rounds * databases, frame(1_000, pooled=True), named=False)
        yield roams.question(load("heartbeat"), rounds * databases)
        if not capabilities.pooled:
            yield roams.question(load("slots"), rounds * databases)
    for query in asked:
        probe, a_day = query.probe, _DAY / _period(query, capabilities)
        if probe.on_sampler and (probe.when is not None or not probe.kept):
            continue  # asked while somebody waits, or looks: nobody knows beforehand for how long
        way, times = (roams, a_day * databases) if probe.scope is Scope.DATABASE else (stays, a_day)
        if probe.for_each is not None:  # nobody knows here how many objects there are: one is counted
            yield way.question(probe.queries[probe.for_each], times, probe.deadline_ms)
        yield way.probe(query, times)


@dataclass(frozen=True, slots=True)
class _Way:
    """Over a connection that stays, or one that roams from database to database and asks everything once."""

    capabilities: Capabilities
    stays: bool

    def question(self, text: str, a_day: float, limit_ms: int = 500, *, keys: bool = False) -> _Question:
        pooled = self.capabilities.pooled
        return _Question(text, a_day, frame(limit_ms, pooled=pooled), self.stays and not pooled, keys)

    def probe(self, query: Query, a_day: float) -> _Question:
        limit_ms = _limit(query, self.capabilities) or query.probe.deadline_ms
        text = request_for(query, self.capabilities, limit_ms).sql
        return self.question(text, a_day, limit_ms, keys=bool(query.changed_by) or query.takes is Takes.KEYS)


def _limit(query: Query, capabilities: Capabilities) -> int | None:
    return limit_for(capabilities.settings, query.probe.deadline_ms) if query.changed_by else query.probe.deadline_ms


def _period(query: Query, capabilities: Capabilities) -> float:
    """Seconds between two turns of a probe."""
    if query.takes is Takes.KEYS:
        return _TEXTS
    every = query.probe.every or 1.0
    return every if _limit(query, capabilities) is not None else RARER * every


def _by_the_server(settings: Mapping[str, str]) -> Iterator[Logged]:
    if settings.get("log_statement") == "all":
        yield Logged("log_statement", "all", "SET log_statement = 'none'", Writer.STATEMENTS)
    yield from _by_duration(settings, "log_min_duration_statement", 1.0)
    yield from _by_duration(settings, "log_min_duration_sample", share_in(settings.get("log_statement_sample_rate")))
    if settings.get("log_duration") == "on":
        yield Logged("log_duration", "on", "SET log_duration = off", Writer.BARE_DURATIONS)
    share = share_in(settings.get("log_transaction_sample_rate"), "0")
    name = "log_transaction_sample_rate"
    yield Logged(name, settings.get(name, "0"), f"SET {name} = 0", Writer.DURATIONS, share)


def _by_modules(settings: Mapping[str, str]) -> Iterator[Logged]:
    share = share_in(settings.get("auto_explain.sample_rate"))
    yield from _by_duration(settings, "auto_explain.log_min_duration", share, Writer.AUTO_EXPLAIN)
    audited = settings.get("pgaudit.log", "")
    if "read" in audit_classes(audited):
        yield Logged("pgaudit.log", audited, "SET pgaudit.log = 'none'", Writer.PGAUDIT)


def _by_duration(
    settings: Mapping[str, str], name: str, share: float, writer: Writer = Writer.DURATIONS
) -> Iterator[Logged]:
    if 0 <= (threshold := number_in(settings.get(name))) < _SLOWEST:
        yield Logged(name, settings[name], f"SET {name} = -1", writer, share, slow=threshold > 0)
