"""A guest leaves the last places to others, whatever it may see of who holds them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest

from fix_servers import MONITOR, MakeServer, connect
from pgvigil.collect.dialing import LEFT_FREE, Dialer
from pgvigil.model import Secret, Target
from pgvigil.pg import ConnectError
from pgvigil.sandbox.server import Server

PLACES = {"max_connections": "10", "superuser_reserved_connections": "3", "max_wal_senders": "4"}
ROOM = 7 - 1 - LEFT_FREE
"""Clients beside ours that still leave enough."""


@contextmanager
def clients(server: Server, count: int, **options: str) -> Iterator[None]:
    with ExitStack() as opened:
        for _ in range(count):
            opened.enter_context(connect(server, **options))
        yield


async def dial(server: Server, user: str) -> None:
    dialer = Dialer(Target(1, "t", Secret(server.dsn(user))), lambda _: None)
    (await dialer()).close()
    dialer.close()


@pytest.mark.pg(14, 18)
@pytest.mark.parametrize("sees_all", [True, False])
async def test_the_last_places_are_left_to_others_whatever_we_see(
    private_server: MakeServer, *, sees_all: bool
) -> None:
    server = private_server(settings=PLACES)
    if not sees_all:
        with connect(server) as superuser:
            superuser.execute(f"revoke pg_monitor from {MONITOR}")
    with clients(server, ROOM):
        await dial(server, MONITOR)
        with clients(server, 1), pytest.raises(ConnectError, match=f"Fewer than {LEFT_FREE} of 7 connections are free"):
            await dial(server, MONITOR)


@pytest.mark.pg(14, 18)
async def test_walsenders_take_no_place_of_clients(private_server: MakeServer) -> None:
    server = private_server(settings=PLACES)
    with clients(server, ROOM), clients(server, 4, replication="database"):
        await dial(server, MONITOR)
        with pytest.raises(psycopg.OperationalError):
            connect(server, replication="database").close()
