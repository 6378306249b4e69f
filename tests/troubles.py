"""What goes wrong with a real server, made on purpose: for tests of what the API, the page and `check` say then."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg import sql

from fix_servers import MONITOR, Database, connect
from pgvigil.sandbox.server import Server

SLOTS = 12
RESERVED = 3
FEW = {"max_connections": str(SLOTS), "superuser_reserved_connections": str(RESERVED)}
"""Settings of a server whose connections are soon taken."""

OLD_EXTENSION = "1.7"
"""A version of pg_stat_statements whose columns have names that nobody asks for any more."""

NOWHERE = "2001:db8::1"
"""An address for documentation, which is nobody's."""

ONLY_IPV6 = f"postgresql://{MONITOR}:unheard-of@[{NOWHERE}]:5432/postgres"


def write_config(place: Path, targets: Mapping[str, str]) -> Path:
    """A configuration that watches these: DSN by name."""
    config = place / "pgvigil.toml"
    config.write_text("".join(f'[[target]]\nname = "{name}"\ndsn = "{dsn}"\n' for name, dsn in targets.items()))
    return config


def set_password(server: Server, password: str) -> None:
    """Change the password of the monitor's role."""
    with connect(server) as connection:
        words = sql.SQL("alter role {} password {}").format(sql.Identifier(MONITOR), sql.Literal(password))
        connection.execute(words)


def create_old_extension(database: Database) -> None:
    """Create pg_stat_statements in OLD_EXTENSION's form."""
    with database.connect() as connection:
        version = sql.Literal(OLD_EXTENSION)
        connection.execute(sql.SQL("create extension pg_stat_statements version {}").format(version))


@contextmanager
def every_place_taken(server: Server) -> Iterator[None]:
    """Connections of ordinary roles until the server, which has FEW, refuses more."""
    with ExitStack() as taken:
        with suppress(psycopg.OperationalError):  # a connection that just ended may still hold its place
            for _ in range(SLOTS):
                taken.enter_context(connect(server, user=MONITOR))
        yield


@contextmanager
def catalogs_held(server: Server, *catalogs: str) -> Iterator[None]:
    """AccessExclusiveLock on these catalogs, in one transaction."""
    with connect(server) as holder:
        holder.execute("begin")
        for catalog in catalogs:
            holder.execute(sql.SQL("lock table {} in access exclusive mode").format(sql.Identifier(catalog)))
        yield


def reaches_ipv6() -> bool:
    """Whether this machine has a way to IPv6 addresses."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as asking:
        return asking.connect_ex((NOWHERE, 9)) == 0
