"""The environment that servers and tests get: nothing of the user's that could point at a real database."""

import os
from collections.abc import Mapping

_EXACT = {"DATABASE_URL", "ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "LD_PRELOAD"}


def _is_users(name: str) -> bool:
    upper = name.upper()
    return upper in _EXACT or (upper.startswith("PG") and not upper.startswith("PGVIGIL"))


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """A copy of the environment for child processes, without PG*, DATABASE_URL and proxy variables, plus `extra`."""
    kept = {name: value for name, value in os.environ.items() if not _is_users(name)}
    return {**kept, **(extra or {})}


def forget_users_environment() -> tuple[str, ...]:
    """Take the same variables out of this process, for libpq reads them by itself; returns the names taken."""
    taken = tuple(sorted(name for name in os.environ if _is_users(name)))
    for name in taken:
        del os.environ[name]
    return taken
