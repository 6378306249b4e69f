"""Statistics of the whole server that are reset: told once, however many rows they have."""

from pathlib import Path

import pytest

from collect.watched import Watched
from fix_servers import MONITOR, Database
from pgvigil.catalog import load


@pytest.mark.pg(16, 18)
async def test_a_reset_of_io_and_of_wal_is_one_event_each_with_both_moments(tmp_path: Path, database: Database) -> None:
    moments = "select subject, count(*) from events where kind = 'reset' and before < after group by all order by 1"
    async with Watched(tmp_path, load(), database.dsn(MONITOR)) as watched:
        await watched.until_passes(2, "io")
        assert watched.rows(moments) == []
        database.execute("select pg_stat_reset_shared('io'), pg_stat_reset_shared('wal')")
        await watched.until_passes(2, "io")
        assert watched.rows(moments) == [("io", 1), ("wal", 1)]
        assert watched.one("select count(*) from gaps where probe = 'io'") == 1
