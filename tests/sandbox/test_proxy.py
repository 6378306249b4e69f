"""The breakable hop, on a real server."""

import psycopg
import pytest

from fix_proxy import MakeProxy
from fix_servers import Database, SharedServers


def test_it_counts_what_goes_through_each_way(database: Database, proxy: MakeProxy) -> None:
    hop = proxy(database.server.port)
    with psycopg.connect(database.dsn(port=hop.port)) as connection:
        sent, received = hop.sent, hop.received
        row = connection.execute("select repeat('x', 1000000)").fetchone()
        assert row is not None
        assert len(row[0]) == 1_000_000
    assert 1_000_000 <= hop.received - received < 1_010_000
    assert 0 < hop.sent - sent < 1_000


def test_a_cut_ends_connections_and_new_ones_work(database: Database, proxy: MakeProxy) -> None:
    hop = proxy(database.server.port)
    with psycopg.connect(database.dsn(port=hop.port), autocommit=True) as connection:
        hop.cut()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    with psycopg.connect(database.dsn(port=hop.port)) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    assert hop.accepted == 2


def test_it_refuses_and_accepts_again_on_the_same_port(database: Database, proxy: MakeProxy) -> None:
    hop = proxy(database.server.port)
    hop.refuse()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(database.dsn(port=hop.port))
    hop.accept()
    psycopg.connect(database.dsn(port=hop.port)).close()


def test_a_black_hole_accepts_and_never_answers_until_it_flows_again(database: Database, proxy: MakeProxy) -> None:
    hop = proxy(database.server.port)
    with psycopg.connect(database.dsn(port=hop.port)) as connection:
        hop.stall()
        with pytest.raises(psycopg.OperationalError, match="timeout"):
            psycopg.connect(database.dsn(port=hop.port), connect_timeout=2)
        hop.flow()
        assert connection.execute("select 1").fetchone() == (1,)


def test_it_leads_to_another_server_from_now_on(
    database: Database, shared_servers: SharedServers, proxy: MakeProxy
) -> None:
    another = shared_servers[17]
    hop = proxy(database.server.port)
    with psycopg.connect(database.dsn(port=hop.port)) as connection:
        assert connection.info.server_version // 10_000 == database.server.major
        hop.lead_to(another.port)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    with psycopg.connect(another.dsn(port=hop.port)) as connection:
        assert connection.info.server_version // 10_000 == another.major


def test_closing_a_client_closes_the_session_at_the_server(database: Database, proxy: MakeProxy) -> None:
    hop = proxy(database.server.port)
    psycopg.connect(database.dsn(port=hop.port), application_name="left").close()
    with database.connect() as connection:
        for _ in range(100):
            row = connection.execute(
                "select count(*), pg_sleep(0.05) from pg_stat_activity where application_name = 'left'"
            ).fetchone()
            if row is not None and row[0] == 0:
                return
    pytest.fail("the session is still there after 5 s")
