"""Builds the MeshHook-shaped schema in a database of the sandbox, with its roles and its seed of data."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgvigil.model.errors import PgvigilError
from pgvigil.sandbox.statements import named, script

MARK = "pgvigil sandbox"
"""First words of the comment on schema pgmq, by which the sandbox knows a database of its own."""

LOGINS = (
    "meshhook_api",
    "meshhook_orchestrator",
    "meshhook_worker",
    "meshhook_ui",
    "meshhook_reports",
    "meshhook_admin",
)

_SCRIPTS = ("schema/1-roles.sql", "schema/2-tables.sql", "schema/3-queue.sql", "schema/4-access.sql")


class SandboxError(PgvigilError):
    """A database that the sandbox cannot or must not use."""


@asynccontextmanager
async def making(dsn: str, doing: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection on which something is made; what the server refuses meanwhile is a SandboxError: a full disk, a
    connection that ends."""
    try:
        async with await psycopg.AsyncConnection.connect(
            dsn, autocommit=True, application_name="sandbox:install"
        ) as conn:
            yield conn
    except psycopg.Error as error:
        raise SandboxError(f"{doing} failed: {' '.join(str(error).split())}") from None


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows the seed makes; the other tables follow from these."""

    projects: int = 200
    definitions: int = 2_000
    runs: int = 20_000

    def scaled(self, scale: float) -> "Size":
        """The same shape `scale` times as large; 1.0 is 100,000 events and about 100 MB."""
        if not 0.001 <= scale <= 100:
            raise SandboxError(f"scale is {scale}; allowed is 0.001 to 100")
        return Size(*(max(10, round(n * scale)) for n in (self.projects, self.definitions, self.runs)))


async def install(dsn: str, scale: float = 1.0) -> None:
    """Create roles, schema and data; the DSN is a superuser's. Does nothing where they are there already.

    SandboxError if the database holds tables that are not the sandbox's. The roles are given the DSN's own password,
    so that `login` reaches the server by whatever way the DSN does.
    """
    size = Size().scaled(scale)
    async with making(dsn, "Creating the sandbox's database") as conn:
        if await installed(conn):
            return
        await _refuse_foreign(conn)
        async with conn.transaction():
            for path in _SCRIPTS:
                await conn.execute(script(path).encode())
            await _set_passwords(conn, conninfo_to_dict(dsn).get("password"))
            await _seed(conn, size)
        await conn.execute(named("schema/seed.sql")["analyze"].encode())


async def installed(conn: psycopg.AsyncConnection) -> bool:
    """Whether this database bears the sandbox's mark."""
    cursor = await conn.execute(named("schema/state.sql")["mark"].encode())
    row = await cursor.fetchone()
    return row is not None and str(row[0]).startswith(MARK)


async def require(dsn: str) -> None:
    """SandboxError unless the database is the sandbox's: load and faults must never reach another one."""
    async with await psycopg.AsyncConnection.connect(dsn, application_name="sandbox:check") as conn:
        if not await installed(conn):
            raise SandboxError(
                f"database {conn.info.dbname!r} is not a sandbox; load and faults run only where install() was run"
            )


def login(dsn: str, role: str, **options: str | int) -> str:
    """The DSN changed so that it logs in as one of the application's roles."""
    return make_conninfo(dsn, user=role, **options)


async def _refuse_foreign(conn: psycopg.AsyncConnection) -> None:
    cursor = await conn.execute(named("schema/state.sql")["foreign_tables"].encode())
    row = await cursor.fetchone()
    if row and row[0]:
        raise SandboxError(
            f"database {conn.info.dbname!r} holds {row[0]} tables already; the sandbox needs an empty one"
        )


async def _set_passwords(conn: psycopg.AsyncConnection, password: object) -> None:
    if password is None:
        return
    for role in LOGINS:
        # Hashed here: the server keeps utility statements verbatim in pg_stat_statements.
        verifier = conn.pgconn.encrypt_password(str(password).encode(), role.encode(), b"scram-sha-256").decode()
        await conn.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(verifier)))


async def _seed(conn: psycopg.AsyncConnection, size: Size) -> None:
    numbers = {"projects": size.projects, "definitions": size.definitions, "runs": size.runs}
    for name, text in named("schema/seed.sql").items():
        if name != "analyze":
            await conn.execute(text.encode(), numbers)
