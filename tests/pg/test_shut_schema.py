"""An extension in a schema that the role may not use, as `extensions` on Supabase."""

import pytest

from fix_servers import MONITOR, Database
from pg.fix_pg import session_at
from pgvigil.catalog import Query, choose, invisible, load
from pgvigil.model import Capabilities, Invisible
from pgvigil.pg import find_capabilities


async def seen(database: Database) -> Capabilities:
    async with session_at(database.dsn(MONITOR)) as session:
        return await find_capabilities(session, ["pg_stat_statements", "pg_stat_statements_info"], deadline=20)


@pytest.mark.pg(14, 18)
async def test_a_schema_that_may_not_be_used_is_named_with_the_grant_that_opens_it(database: Database) -> None:
    database.execute('create schema "Shut away"')
    database.execute('alter extension pg_stat_statements set schema "Shut away"')
    catalog = load()
    probe = catalog.probes["statements"]
    found = await seen(database)
    hidden = choose(probe, found)
    assert isinstance(hidden, Invisible)
    assert [it.remedy for it in invisible(catalog, found) if "statements" in it.what.split(", ")] == [hidden.remedy]

    with database.connect() as connection:
        connection.execute((hidden.remedy or "").encode())
    opened = await seen(database)
    assert isinstance(choose(probe, opened), Query)
    assert not [it for it in invisible(catalog, opened) if "statements" in it.what.split(", ")]
