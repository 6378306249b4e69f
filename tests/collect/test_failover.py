"""A standby that is promoted, on a real server."""

from pathlib import Path

import pytest

from collect.watched import Watched
from fix_servers import MONITOR, MakeServer, connect
from pgvigil.catalog import load


@pytest.mark.pg(14, 18)
async def test_a_promotion_is_one_failover_and_no_restart(tmp_path: Path, private_server: MakeServer) -> None:
    server = private_server()
    server.stop()
    # Without a primary to follow it stays in recovery until it is promoted.
    signal = server.data / "standby.signal"
    signal.touch()
    server.account.own(signal)
    server.start()
    async with Watched(tmp_path, load(), server.dsn(MONITOR)) as watched:
        await watched.until_passes(1, "server")
        with connect(server) as connection:
            assert connection.execute("select pg_promote()").fetchone() == (True,)
            connection.execute("checkpoint")
        await watched.until_passes(3, "server")
        found = watched.rows("select kind, before, after from events where kind in ('failover', 'restart')")
        assert found == [("failover", "true", "false")]
        capabilities = watched.collector.capabilities
        assert capabilities is not None
        assert not capabilities.in_recovery  # found out anew at once
