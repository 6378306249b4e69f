"""The monitor's role in the sandbox: made by the same SQL that pgvigil shows to everyone."""

import secrets

from psycopg import sql

from pgvigil.pg import role_sql
from pgvigil.sandbox.schema import making

MONITOR = "pgvigil"

LET_IN = (
    "GRANT USAGE ON SCHEMA extensions TO {}",
    "GRANT USAGE ON SCHEMA pgmq TO {}",
    "GRANT SELECT ON ALL TABLES IN SCHEMA pgmq TO {}",
)
"""The sandbox keeps its extensions in a schema of their own, as Supabase does, and queues in another."""


async def make_monitor(dsn: str, name: str = MONITOR) -> str:
    """Make the monitoring role in the database of `dsn`, a superuser's; returns its password."""
    password = secrets.token_urlsafe(18)
    async with making(dsn, "Making the monitor's role") as conn:
        await conn.execute(role_sql(name).encode())
        for grant in LET_IN:
            await conn.execute(sql.SQL(grant).format(sql.Identifier(name)))
        await conn.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(name), sql.Literal(password)))
    return password
