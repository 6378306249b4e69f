"""The runner of throwaway servers, on real ones."""

import psycopg
import pytest

from fix_servers import MONITOR, Database, MakeServer, connect
from pgvigil.sandbox.server import Server


@pytest.mark.pg("all")
def test_a_shared_server_of_every_major_takes_connections(server: Server, major: int) -> None:
    with connect(server) as connection:
        assert connection.info.server_version // 10_000 == major
        rows = connection.execute("select name, setting from pg_settings where name = any(%s)", [list(_WANTED)])
        assert dict(rows.fetchall()) == _WANTED


_WANTED = {"track_io_timing": "on", "max_connections": "100", "shared_preload_libraries": "pg_stat_statements"}


@pytest.mark.pg("all")
def test_a_database_has_the_statement_counters_and_the_monitor_may_read_them(database: Database) -> None:
    database.execute("select 1 as a_statement_of_this_test")
    with database.connect(MONITOR) as connection:
        found = connection.execute(
            "select calls from pg_stat_statements where query like %s", ["%a_statement_of_this_test%"]
        ).fetchone()
    assert found == (1,)


def test_a_wrong_password_is_refused(server: Server) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.dsn(password="wrong"))


@pytest.mark.pg("all")
def test_a_killed_server_starts_again_on_the_same_port(private_server: MakeServer) -> None:
    server = private_server()
    server.kill()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(server.dsn())
    server.start()
    with connect(server) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
