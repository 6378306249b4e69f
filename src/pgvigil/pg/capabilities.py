"""What a server is and what it lets us see, asked once per connection."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pgvigil.model import Capabilities, Condition, Identity
from pgvigil.pg import queries
from pgvigil.pg.errors import ConnectError
from pgvigil.pg.session import Session
from pgvigil.pg.values import Failure, FailureKind, Parameter, Reply, Request, text_array

SETTINGS = (
    "auto_explain.log_analyze",
    "auto_explain.log_buffers",
    "auto_explain.log_format",
    "auto_explain.log_min_duration",
    "auto_explain.log_parameter_max_length",
    "auto_explain.log_verbose",
    "auto_explain.sample_rate",
    "block_size",
    "compute_query_id",
    "log_destination",
    "log_duration",
    "log_error_verbosity",
    "log_line_prefix",
    "log_min_duration_sample",
    "log_min_duration_statement",
    "log_parameter_max_length",
    "log_parameter_max_length_on_error",
    "log_statement",
    "log_statement_sample_rate",
    "log_transaction_sample_rate",
    "logging_collector",
    "max_connections",
    "pg_stat_statements.max",
    "pg_stat_statements.save",
    "pg_stat_statements.track",
    "pg_stat_statements.track_planning",
    "pg_stat_statements.track_utility",
    "pgaudit.log",
    "pgaudit.log_parameter",
    "pgaudit.log_relation",
    "pgaudit.log_statement",
    "reserved_connections",
    "server_encoding",
    "shared_preload_libraries",
    "superuser_reserved_connections",
    "track_activity_query_size",
)
"""What the program itself needs to know, beside what a catalog asks about."""

_OF_THE_SERVER = ("version", "started_at", "in_recovery", "role", "database", "is_superuser")


async def find_capabilities(
    session: Session,
    relations: Iterable[str],
    settings: Iterable[str] = (),
    tables: Iterable[str] = (),
    *,
    deadline: float = 5.0,
) -> Capabilities:
    """Ask a server what it is; `columns` will tell of these relations, `settings` of these beside SETTINGS, where the
    server has them and the role may read them, `tables` of these. Raises ConnectError where it does not answer."""
    wanted = sorted(relations)
    requests = [
        _request("server"),
        _request("roles"),
        _request("extensions"),
        _request("columns", text_array(wanted)),
        _request("settings", text_array(sorted({*SETTINGS, *settings}))),
        _request("tables", text_array(sorted(tables))),
        _request("identity"),
    ]
    *replies, identity = await session.run(requests, deadline=deadline)
    server, roles, extensions, columns, found, seen = (_rows(reply) for reply in replies)
    return Capabilities(
        identity=_identity(server[0], identity),
        pooled=session.pooled,
        roles=frozenset(row["name"] for row in roles),
        extensions={row["name"]: (row["schema"], row["version"]) for row in extensions},
        shut=frozenset(row["name"] for row in extensions if not row["usable"]),
        columns={relation: _columns_of(relation, columns) for relation in wanted},
        settings={row["name"]: row["setting"] for row in found},
        tables={f"{row['schema']}.{row['name']}": row["readable"] for row in seen},
        **{name: server[0][name] for name in _OF_THE_SERVER},
    )


def _request(name: str, *parameters: Parameter) -> Request:
    return Request(name, queries.load(name), parameters, 2_000)


def _rows(reply: Reply) -> Sequence[Mapping[str, Any]]:
    if isinstance(reply, Failure):
        raise _silence(reply)
    return [dict(zip(reply.names, row, strict=True)) for row in reply.rows]


def _silence(failure: Failure) -> ConnectError:
    """Why the server does not say what it is."""
    if failure.kind is FailureKind.LOCK:
        cause = "The server does not say what it is: a lock on the system catalog stands in the way."
        remedy = (
            "End the transaction that holds AccessExclusiveLock on a table of pg_catalog (VACUUM FULL, REINDEX SYSTEM)."
        )
    else:
        cause = f"The server does not say what it is ({failure.name}: {failure.kind})."
        remedy = "A lock on the system catalog or much load may be in the way; while it watches, pgvigil tries again."
    return ConnectError(Condition.UNREACHABLE, cause, remedy)


def _identity(server: Mapping[str, Any], control: Reply) -> Identity:
    row: Mapping[str, Any] = {} if isinstance(control, Failure) else _rows(control)[0]
    return Identity(row.get("system_identifier"), server["version_num"], row.get("timeline"))


def _columns_of(relation: str, rows: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(row["name"] for row in rows if row["relation"] == relation)
