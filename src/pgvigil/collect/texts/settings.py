"""Values of settings that may hold a secret are kept as a marker that changes when they do."""

import re
from hashlib import blake2b

from pgvigil.collect.texts.normal import PROCESS_SALT

# Settings of these extensions say how the extension works; any other name with a dot belongs to an application.
_KNOWN_EXTENSION = re.compile(
    r"auto_explain|cron|citus|pg_stat_statements|pg_prewarm|pg_stat_monitor|pg_wait_sampling|pg_qualstats|pgaudit"
    r"|plpgsql|plan_filter|timescaledb"
)
_SECRET_NAME = re.compile(
    r"passw(?!ord_encryption$)|secret|token|credential|passphrase|conninfo|connection_string|dsn|api_?key|jwt|private|_command$|command_"
    r"|^archive_command$|_hook$|_url$|_uri$"
)
_SECRET_VALUE = re.compile(r"://[^/\s]*@|passw(?:or)?d\s*=|secret|token\s*=|-----BEGIN", re.IGNORECASE)


def scrub_setting(name: str, value: str | None, *, salt: bytes = PROCESS_SALT) -> str | None:
    """The value, or `(hidden 1a2b3c4d)` where it may hold a secret: connection strings, commands, custom settings.

    With the store's salt the marker is the same after a restart, so that only a real change is a change.
    """
    if not value or not _may_be_secret(name.lower(), value):
        return value
    digest = blake2b(f"{name}\0{value}".encode("utf-8", "surrogatepass"), digest_size=4, key=salt[:64]).hexdigest()
    return f"(hidden {digest})"


def _may_be_secret(name: str, value: str) -> bool:
    prefix, dot, _ = name.rpartition(".")
    custom = bool(dot) and not _KNOWN_EXTENSION.fullmatch(prefix)
    return custom or bool(_SECRET_NAME.search(name)) or bool(_SECRET_VALUE.search(value))
