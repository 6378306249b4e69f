"""What our statements add to the server's log, where it logs statements."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pgvigil.catalog import identifier, load
from pgvigil.catalog.types import Probe
from pgvigil.model import Capabilities

DAY = 86_400.0
LINE = 90
"""Bytes of a log line beside the statement: time, pid, user, database, duration; with a usual log_line_prefix."""

FRAME = 6
"""Statements of ours around each question: BEGIN, the limits, ROLLBACK."""

FRAME_BYTES = 40


@dataclass(frozen=True, slots=True)
class Logged:
    """A setting by which the server logs our statements, and the SQL that stops it for one role."""

    setting: str
    value: str
    stops: str


def logged_by(capabilities: Capabilities) -> tuple[Logged, ...]:
    """The settings by which this server logs all of our statements."""
    settings = capabilities.settings
    durations = ("log_min_duration_statement", "auto_explain.log_min_duration")
    audited = settings.get("pgaudit.log", "")
    found = [Logged(name, "0", f"SET {name} = -1") for name in durations if settings.get(name) == "0"]
    if settings.get("log_statement") == "all":
        found.append(Logged("log_statement", "all", "SET log_statement = 'none'"))
    if "read" in audited or "all" in audited:
        found.append(Logged("pgaudit.log", audited, "SET pgaudit.log = 'none'"))
    return tuple(found)


def megabytes_a_day(probes: Mapping[str, Probe]) -> float:
    """About how much our statements write into a log that takes them all, in MB (10^6 bytes) a day."""
    total = 0.0
    for probe in probes.values():
        every = 1.0 if probe.on_sampler else probe.every or DAY
        text = max(len(sql) for sql in probe.queries.values())
        total += DAY / every * (text + LINE + FRAME * (FRAME_BYTES + LINE))
    return total / 1e6


def log_cost(capabilities: Capabilities) -> Iterator[str]:
    """What the log costs, in lines for the user."""
    found = logged_by(capabilities)
    if not found:
        yield "Log: the settings we may read do not make the server log our statements."
        return
    names = ", ".join(f"{it.setting} = {it.value}" for it in found)
    yield f"Log: with {names} the server logs our statements, about {megabytes_a_day(load().probes):.0f} MB a day."
    yield "This stops it for our role (superusers only):"
    yield from (f"  ALTER ROLE {identifier(capabilities.role)} {it.stops};" for it in found)
