"""The texts of statements: one row per target, incarnation and queryid, whoever runs the statement and wherever."""

from pathlib import Path

from collect.watched import Watched
from fix_servers import MONITOR, Database, drop_database, new_database
from pgvigil.catalog import load

# Of a shape that no other test's statement has: names of columns are no part of a queryid.
STATEMENT = "select 4711, count(*) filter (where amname = 'of two') from pg_am where amname <> 'in two'"
TEXT = "select $1, count(*) filter (where amname = $2) from pg_am where amname <> $3"
JOINED = (
    "select text, count(distinct userid), count(distinct dbid), sum(calls)"
    " from statements join queries using (target, incarnation, queryid)"
    f" where text = '{TEXT}' group by all"
)


def call(*databases: Database) -> None:
    """Once by each of two roles in each database."""
    for database in databases:
        for role in ("postgres", MONITOR):
            with database.connect(role) as connection:
                connection.execute(STATEMENT)


async def test_two_roles_two_databases_and_a_restart_make_one_row(tmp_path: Path, database: Database) -> None:
    other = new_database(database.server)
    try:
        call(database, other)
        for made in (4, 8):
            async with Watched(tmp_path, load(), database.dsn(MONITOR)) as watched:
                await watched.until_passes(1)
                call(database, other)
                await watched.until_passes(4)  # texts of statements that did not move wait for a few turns
                assert watched.rows(JOINED) == [(TEXT, 2, 2, made)]
                twice = "select queryid from queries group by target, incarnation, queryid having count(*) > 1"
                assert watched.rows(twice) == []
                assert watched.one(f"select count(*) from queries where text = '{TEXT}'") == 1
                assert watched.one("select count(*) from queries") > 3
    finally:
        drop_database(other)
