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
    found = [_number(settings.get("log_min_duration_statement"))]
    if _share(settings.get("log_statement_sample_rate")) > 0:
        found.append(_number(settings.get("log_min_duration_sample")))
    if settings.get("log_statement") == "all" or _share(settings.get("log_transaction_sample_rate"), "0") > 0:
        found.append(0)
    return found


def _by_errors(settings: Mapping[str, str]) -> list[int]:
    """A statement that its timeout ends is an error, and 0 says that errors come without parameters."""
    return [] if settings.get("log_parameter_max_length_on_error", "0") == "0" else [0]


def _by_auto_explain(settings: Mapping[str, str]) -> list[int]:
    if settings.get("auto_explain.log_parameter_max_length") == "0":
        return []
    return [_number(settings.get("auto_explain.log_min_duration"))]


def _by_pgaudit(settings: Mapping[str, str]) -> list[int]:
    classes = {each.strip().lower() for each in settings.get("pgaudit.log", "none").split(",")}
    logs = settings.get("pgaudit.log_parameter") == "on" and classes & {"read", "all"}
    return [0] if logs else []


def _number(setting: str | None) -> int:
    return int(setting) if setting is not None and setting.lstrip("-").isdigit() else _NEVER


def _share(setting: str | None, default: str = "1") -> float:
    try:
        return float(setting or default)
    except ValueError:
        return 1.0
