"""From a target's DSN to exactly the parameters that libpq is given: nothing from the environment, nothing unknown."""

import getpass
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote

from psycopg import OperationalError, pq
from psycopg.pq import Conninfo
from psycopg.pq.abc import PGconn

from pgvigil.model import Condition, Target
from pgvigil.pg.errors import ConnectError, Place

_SSLMODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_EXAMPLE = "Write postgresql://user:password@host:5432/database, with special characters percent-encoded."
_URL = re.compile(r"(?P<scheme>postgres(?:ql)?)(?P<driver>\+\w+)?://", re.IGNORECASE)

# Ours, or without a meaning here: a run is read-only, one server is one target, and nothing blocks or is traced.
_NOT_TAKEN = frozenset(
    {"replication", "connect_timeout", "client_encoding", "application_name", "fallback_application_name",
     "load_balance_hosts", "sslkeylogfile", "options"}
)  # fmt: skip

_UNREAD = frozenset({"service", "connect_timeout"})  # the one below, the other not read where we poll ourselves

# With default_transaction_read_only on, which is ours, a primary would not count as read-write.
_SESSION_ATTRIBUTES = {"read-write": "primary", "read-only": "standby"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One host of a DSN; an empty `host` or one that begins with a slash is a directory of sockets."""

    host: str
    address: str
    port: str

    @property
    def is_local(self) -> bool:
        """Whether it is reached through a socket of the file system."""
        return not self.address and (not self.host or self.host.startswith(("/", "@")))


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """What to connect to and how; holds the password, so it never shows itself."""

    endpoints: tuple[Endpoint, ...]
    parameters: Mapping[str, str]
    notes: tuple[str, ...]

    def place(self, endpoint: Endpoint) -> Place:
        """The parts of it that may be shown."""
        host = endpoint.host or endpoint.address or "the local socket directory"
        return Place(host, endpoint.port, self.parameters["user"], self.parameters["dbname"])

    def conninfo(self, endpoint: Endpoint, address: str, options: str) -> bytes:
        """The keyword string for one address of an endpoint."""
        where = {"host": endpoint.host, "hostaddr": address, "port": endpoint.port, "options": options}
        pairs = {**_no_environment(), **self.parameters, **where}
        return " ".join(f"{name}={_quoted(value)}" for name, value in pairs.items()).encode()


def plan(target: Target, application_name: str, database: str | None = None) -> Plan:
    """Read the target's DSN; raises ConnectError in words that do not quote it."""
    if not target.dsn.value.strip():
        raise _unusable(target.name, "is empty", _EXAMPLE)
    dsn, notes = _without_unknown(target.dsn.value, target.name)
    given = _parsed(dsn, target.name)
    if "service" in given:
        raise _unusable(target.name, "names a service", "Write host, port, user and database into the DSN instead.")
    given = {name: value for name, value in given.items() if name not in _NOT_TAKEN}
    overrides = {"sslmode": target.sslmode, "sslrootcert": target.sslrootcert, "dbname": database}
    given.update({name: value for name, value in overrides.items() if value is not None})
    endpoints = _endpoints(given, target.name)
    _check_parts(target)
    _check_sslmode(given.get("sslmode"), target.name)
    given["user"] = given.get("user") or _own_name(target.name)
    given.setdefault("dbname", given["user"])
    attributes = given.get("target_session_attrs", "any")
    given["target_session_attrs"] = _SESSION_ATTRIBUTES.get(attributes, attributes)
    return Plan(endpoints, {**given, **_ours(application_name)}, notes)


def _own_name(target: str) -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in a container
        raise _unusable(target, "names no user, and the user pgvigil runs as has no name", _EXAMPLE) from None


def _ours(application_name: str) -> dict[str, str]:
    # Texts are asked for as the server has them: where it cannot convert one, the whole query would fail.
    return {
        "application_name": application_name,
        "client_encoding": "SQL_ASCII",
        "gssencmode": "disable",  # its negotiation blocks
        "keepalives_idle": "15",
        "keepalives_interval": "5",
        "keepalives_count": "3",
    }


def _without_unknown(dsn: str, target: str) -> tuple[str, tuple[str, ...]]:
    """Drop the parameters of a URL that only an ORM or another driver knows: libpq refuses the whole URL for one."""
    found = _URL.match(dsn)
    if found is None:
        return dsn, ()
    address, _, query = dsn[found.end() :].partition("?")
    known = [pair for pair in _pairs(query) if _is_known(pair)]
    dropped = sorted({_name(pair) for pair in _pairs(query) if not _is_known(pair)})
    notes = (
        []
        if not dropped
        else [f"The DSN of {target} has parameters that PostgreSQL does not know, left out: {', '.join(dropped)}."]
    )
    return f"postgresql://{address}" + (f"?{'&'.join(known)}" if known else ""), tuple(notes)


def _pairs(query: str) -> list[str]:
    return [pair for pair in query.split("&") if pair]


def _name(pair: str) -> str:
    return unquote(pair.partition("=")[0])


def _is_known(pair: str) -> bool:
    return _name(pair) in _keywords() or _name(pair) == "ssl"


def _parsed(dsn: str, target: str) -> dict[str, str]:
    try:
        options = Conninfo.parse(dsn.encode())
    except (OperationalError, UnicodeEncodeError, ValueError):
        # libpq quotes what it could not read, which may be the password.
        raise _unusable(target, "cannot be read", _EXAMPLE) from None
    return {option.keyword.decode(): option.val.decode() for option in options if option.val}


def _endpoints(given: dict[str, str], target: str) -> tuple[Endpoint, ...]:
    hosts = given.pop("host", "").split(",")
    addresses = given.pop("hostaddr", "").split(",")
    ports = given.pop("port", "5432").split(",")
    count = max(len(hosts), len(addresses))
    lists = [_stretched(values, count) for values in (hosts, addresses, ports)]
    fits = all(len(values) == count for values in lists)
    if not fits or not all(port.isdigit() and 0 < int(port) < 65_536 for port in ports if port):
        raise _unusable(target, "has hosts and ports that do not fit together", "Ports are 1 to 65535.")
    return tuple(Endpoint(host, address, port or "5432") for host, address, port in zip(*lists, strict=True))


def _check_parts(target: Target) -> None:
    """libpq ends a password at the first @ or /, and takes the rest of it for the host, the database or a parameter:
    those are shown, and the host is asked of a name server."""
    found = _URL.match(target.dsn.value)
    if found is None:
        return
    address, _, query = target.dsn.value[found.end() :].partition("?")
    authority, _, path = address.partition("/")
    beyond = "@" in query and "@" not in authority and any(not _is_known(pair) for pair in _pairs(query))
    if authority.count("@") > 1 or "@" in path or beyond:
        what = "cannot be read: an @, / or ? in its user, password or database must be written as %40, %2F or %3F"
        raise _unusable(target.name, what, _EXAMPLE)


def _stretched(values: list[str], count: int) -> list[str]:
    return values * count if len(values) == 1 else values


def _check_sslmode(sslmode: str | None, target: str) -> None:
    if sslmode is not None and sslmode not in _SSLMODES:
        raise _unusable(target, f"has sslmode={sslmode}", f"Allowed are {', '.join(_SSLMODES)}.")


def _unusable(target: str, what: str, remedy: str) -> ConnectError:
    return ConnectError(Condition.REFUSED, f"The DSN of {target} {what}.", remedy)


@cache
def _keywords() -> frozenset[str]:
    return frozenset(option.keyword.decode() for option in Conninfo.get_defaults())


# What stands for "not given" where libpq refuses an empty value.
_NOT_GIVEN = {
    "sslcertmode": "allow",
    "min_protocol_version": "3.0",
    "max_protocol_version": "3.0",
    "require_auth": "none,password,md5,scram-sha-256,gss,sspi",
}


def _no_environment() -> dict[str, str]:
    """What each parameter is that a variable PG… would give: an explicit value, even an empty one, keeps libpq from
    looking there."""
    return {
        name: _NOT_GIVEN.get(name, (option.compiled or b"").decode())
        for option in Conninfo.get_defaults()
        if (name := option.keyword.decode()) not in _UNREAD and option.envvar and option.envvar.decode() in os.environ
    }


def start(conninfo: bytes) -> PGconn:
    """Begin to connect. A variable PGSERVICE, which no parameter overrules, is out of sight meanwhile."""
    service = os.environ.pop("PGSERVICE", None)
    try:
        return pq.PGconn.connect_start(conninfo)
    finally:
        if service is not None:
            os.environ["PGSERVICE"] = service


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
