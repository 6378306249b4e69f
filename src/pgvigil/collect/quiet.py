"""Keeping our fingerprints out of the customer's log: an array of thousands of numbers, written every ten seconds where
the server logs statements with their parameters.

A statement that is cut off by its timeout before it is long enough to be logged is not logged with parameters; so
the limit of a probe is lowered below the log's threshold where there is a lower one, and else nothing is echoed and
all rows are read, less often. Settings and defaults: PostgreSQL documentation, "Error Reporting and Logging".
"""

from collections.abc import Mapping

from pgvigil.pg.values import LIMITS_MS

RARER = 3
"""Where all rows have to be read each time, so many times the period lies between."""

_NEVER = -1


def limit_for(settings: Mapping[str, str], deadline_ms: int) -> int | None:
    """The limit (ms) under which a statement with parameters does not reach the log, or None where each does."""
    thresholds = [*_by_the_server(settings), *_by_errors(settings), *_by_auto_explain(settings), *_by_pgaudit(settings)]
    lowest = min((each for each in thresholds if each > _NEVER), default=None)
    if lowest is None or lowest > deadline_ms:
        return deadline_ms
    return max((limit for limit in LIMITS_MS if limit < lowest), default=None)


def _by_the_server(settings: Mapping[str, str]) -> list[int]:
    if settings.get("log_parameter_max_length") == "0":
        return []
    found = [number_in(settings.get("log_min_duration_statement"))]
    if share_in(settings.get("log_statement_sample_rate")) > 0:
        found.append(number_in(settings.get("log_min_duration_sample")))
    if settings.get("log_statement") == "all" or share_in(settings.get("log_transaction_sample_rate"), "0") > 0:
        found.append(0)
    return found


def _by_errors(settings: Mapping[str, str]) -> list[int]:
    """A statement that its timeout ends is an error, and 0 says that errors come without parameters."""
    return [] if settings.get("log_parameter_max_length_on_error", "0") == "0" else [0]


def _by_auto_explain(settings: Mapping[str, str]) -> list[int]:
    if settings.get("auto_explain.log_parameter_max_length") == "0":
        return []
    return [number_in(settings.get("auto_explain.log_min_duration"))]


def _by_pgaudit(settings: Mapping[str, str]) -> list[int]:
    logs = settings.get("pgaudit.log_parameter") == "on" and "read" in audit_classes(settings.get("pgaudit.log", ""))
    return [0] if logs else []


_AUDIT_CLASSES = frozenset({"read", "write", "function", "role", "ddl", "misc", "misc_set"})


def audit_classes(setting: str) -> frozenset[str]:
    """The classes of statements that `pgaudit.log` names: read from left to right, `-` takes one away again."""
    found: frozenset[str] = frozenset()
    for word in setting.lower().split(","):
        name = word.strip()
        named = name.removeprefix("-")
        classes = _AUDIT_CLASSES if named == "all" else frozenset({named}) & _AUDIT_CLASSES
        found = found - classes if name.startswith("-") else found | classes
    return found


def number_in(setting: str | None) -> int:
    """A whole number, or -1 where there is none."""
    return int(setting) if setting is not None and setting.lstrip("-").isdigit() else _NEVER


def share_in(setting: str | None, default: str = "1") -> float:
    """A share between 0 and 1; all of it where it cannot be read."""
    try:
        return float(setting or default)
    except ValueError:
        return 1.0
