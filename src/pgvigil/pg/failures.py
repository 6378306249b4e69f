"""What kind of failure an SQLSTATE is (PostgreSQL documentation, appendix A)."""

from pgvigil.pg.values import FailureKind

_KINDS = {
    "55P03": FailureKind.LOCK,
    "40P01": FailureKind.LOCK,
    "57014": FailureKind.CANCELLED,  # statement_timeout and a cancel request bear the same code: see is_timeout
    "42501": FailureKind.PRIVILEGE,
    "42P01": FailureKind.MISSING,
    "42703": FailureKind.MISSING,
    "42883": FailureKind.MISSING,
    "42704": FailureKind.MISSING,
    "3F000": FailureKind.MISSING,
    "55000": FailureKind.MISSING,  # pg_stat_statements is created and not preloaded
    "40001": FailureKind.CANCELLED,  # a conflict with recovery on a standby
}
_GONE = ("08", "57P")


def kind_of(sqlstate: str | None) -> FailureKind:
    """The kind of a failure; a code that is not listed is OTHER."""
    if sqlstate is None:
        return FailureKind.OTHER
    if sqlstate.startswith(_GONE):
        return FailureKind.GONE
    return _KINDS.get(sqlstate, FailureKind.OTHER)


def is_timeout(message: str, elapsed_ms: float, deadline_ms: int) -> bool:
    """Whether a statement that was cancelled ran into its limit. Where the server's words are not English, the time
    that passed on our clock decides."""
    if "statement timeout" in message or "user request" in message:
        return "statement timeout" in message
    return elapsed_ms >= 0.95 * deadline_ms
