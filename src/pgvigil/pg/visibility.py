"""What a server does not show, why, and the SQL that changes it: pure functions of its capabilities."""

from collections.abc import Callable, Iterator

from pgvigil.model import Capabilities, Invisible
from pgvigil.pg.queries import identifier

EXTENSION = "pg_stat_statements"
_SHIPPED = {14: (1, 9), 15: (1, 10), 16: (1, 10), 17: (1, 11), 18: (1, 12)}
"""The version of pg_stat_statements that comes with each major (its control files)."""


def what_is_invisible(capabilities: Capabilities) -> tuple[Invisible, ...]:
    """Everything that could be seen on this server and cannot, in the order in which it should be put right."""
    return tuple(found for check in _CHECKS for found in check(capabilities))


def _others(capabilities: Capabilities) -> Iterator[Invisible]:
    if capabilities.is_superuser or "pg_read_all_stats" in capabilities.roles:
        return
    reason = f'The role "{capabilities.role}" is not a member of pg_monitor and sees no statements of other roles.'
    remedy = f"GRANT pg_monitor TO {identifier(capabilities.role)};"
    yield Invisible("statements", reason, remedy)
    yield Invisible("sessions", reason, remedy)


def _statements(capabilities: Capabilities) -> Iterator[Invisible]:
    created = EXTENSION in capabilities.extensions
    loaded = "pg_stat_statements.max" in capabilities.settings
    if not created or not loaded:
        missing = "loaded at the start of the server" if not loaded else f"created in database {capabilities.database}"
        steps = [] if loaded else [_preload(capabilities)]
        steps += [] if created else [f"CREATE EXTENSION {EXTENSION};"]
        yield Invisible("statements", f"The extension {EXTENSION} is not {missing}.", "\n".join(steps))
    if EXTENSION in capabilities.shut:
        schema = capabilities.extensions[EXTENSION][0]
        yield Invisible(
            "statements",
            f'The role "{capabilities.role}" may not use the schema {schema}, where {EXTENSION} is.',
            f"GRANT USAGE ON SCHEMA {identifier(schema)} TO {identifier(capabilities.role)};",
        )
    if created and _version(capabilities.extensions[EXTENSION][1]) < _SHIPPED.get(capabilities.major, (0,)):
        yield Invisible(
            "statements.columns",
            f"The extension {EXTENSION} has version {capabilities.extensions[EXTENSION][1]}, older than the one that "
            f"PostgreSQL {capabilities.major} ships; its newer columns are missing.",
            f"ALTER EXTENSION {EXTENSION} UPDATE;",
        )
    if capabilities.settings.get("pg_stat_statements.track") == "none":
        yield _setting("statements", "pg_stat_statements.track", "none", "top")


def _preload(capabilities: Capabilities) -> str:
    present = capabilities.settings.get("shared_preload_libraries")
    if present is None:
        return f"-- add {EXTENSION} to shared_preload_libraries and restart the server"
    libraries = [name.strip() for name in present.split(",") if name.strip()]
    value = ", ".join(identifier(name) for name in (*libraries, EXTENSION))
    return f"ALTER SYSTEM SET shared_preload_libraries = {value}; -- then restart the server"


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _query_ids(capabilities: Capabilities) -> Iterator[Invisible]:
    value = capabilities.settings.get("compute_query_id")
    loaded = "pg_stat_statements.max" in capabilities.settings
    if value == "off" or (value == "auto" and not loaded):
        yield _setting("sessions.query_id", "compute_query_id", value, "on")


def _switched_off(capabilities: Capabilities) -> Iterator[Invisible]:
    for name, what in _SWITCHES:
        if capabilities.settings.get(name) == "off":
            yield _setting(what, name, "off", "on")


_SWITCHES = (
    ("track_activities", "sessions"),
    ("track_counts", "tables"),
    ("track_io_timing", "statements.shared_blk_read_time"),
    ("track_wal_io_timing", "wal.wal_write_time"),
)


def _setting(what: str, name: str, value: str, wanted: str) -> Invisible:
    remedy = f"ALTER SYSTEM SET {name} = '{wanted}';\nSELECT pg_reload_conf();"
    return Invisible(what, f"The setting {name} is {value}.", remedy)


def _settings(capabilities: Capabilities) -> Iterator[Invisible]:
    if "shared_preload_libraries" not in capabilities.settings:
        reason = f'The role "{capabilities.role}" may not read all settings.'
        yield Invisible("settings", reason, f"GRANT pg_monitor TO {identifier(capabilities.role)};")


_CHECKS: tuple[Callable[[Capabilities], Iterator[Invisible]], ...] = (
    _others,
    _statements,
    _query_ids,
    _switched_off,
    _settings,
)
