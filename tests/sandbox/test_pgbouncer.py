"""The pooler fixture, on real servers."""

import psycopg
import pytest

from fix_pgbouncer import MakePgBouncer
from fix_servers import MONITOR, Database


@pytest.mark.pg(14, 18)
def test_transactions_of_two_clients_share_one_backend(database: Database, pgbouncer: MakePgBouncer) -> None:
    pooler = pgbouncer(database.server, {"default_pool_size": "1"})
    backends = set()
    with (
        psycopg.connect(database.dsn(port=pooler.port)) as one,
        psycopg.connect(database.dsn(port=pooler.port)) as two,
    ):
        for connection in (one, two, one):
            backends.add(connection.execute("select pg_backend_pid()").fetchone())
            connection.commit()
        assert connection.info.backend_pid not in {pid for row in backends if row for pid in row}
    assert len(backends) == 1


def test_the_monitors_role_comes_through_and_a_wrong_password_does_not(
    database: Database, pgbouncer: MakePgBouncer
) -> None:
    pooler = pgbouncer(database.server)
    with psycopg.connect(database.dsn(MONITOR, port=pooler.port)) as connection:
        assert connection.execute("select current_user").fetchone() == (MONITOR,)
    with pytest.raises(psycopg.OperationalError, match="SASL authentication failed"):
        psycopg.connect(database.dsn(MONITOR, password="wrong", port=pooler.port))
