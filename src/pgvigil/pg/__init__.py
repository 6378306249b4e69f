"""The only package that imports the driver: connect, find out what a server is, run requests each by itself.

`connect` from a target to a session · `conninfo` its DSN · `resolving` its names · `attempts` those given up ·
`errors` why there is none, with refusals.toml · `session` a connection and its runs · `pipeline` the protocol of a
run · `prepared` what it asks by name · `cancel` · `traffic` its bytes · `waiting` · `decode` · `capabilities` what a
server lets us see · `visibility` what it does not · `queries` the SQL and its composing · `values` requests and
replies · `failures` SQLSTATEs.
"""

from pgvigil.pg.attempts import Attempts
from pgvigil.pg.capabilities import find_capabilities
from pgvigil.pg.connect import Notice, connect, frame
from pgvigil.pg.errors import ConnectError
from pgvigil.pg.queries import compose, load, role_sql, wrap_changed
from pgvigil.pg.session import Session
from pgvigil.pg.traffic import Traffic
from pgvigil.pg.values import (
    Failure,
    FailureKind,
    Parameter,
    Reply,
    Request,
    Rows,
    boolean,
    int4,
    int8,
    int8_array,
    oid,
    text,
    text_array,
)

__all__ = [
    "Attempts",
    "ConnectError",
    "Failure",
    "FailureKind",
    "Notice",
    "Parameter",
    "Reply",
    "Request",
    "Rows",
    "Session",
    "Traffic",
    "boolean",
    "compose",
    "connect",
    "find_capabilities",
    "frame",
    "int4",
    "int8",
    "int8_array",
    "load",
    "oid",
    "role_sql",
    "text",
    "text_array",
    "wrap_changed",
]
