"""What only a standby counts: restartpoints, and statements cancelled because they were in the way of recovery."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from fix_servers import MONITOR, MakeServer, connect
from pg_probes.causes import wait_until
from pgvigil.catalog import load
from pgvigil.sandbox.server import SUPERUSER, Server
from probing import Row, probing

CATALOG = load()


@contextmanager
def standby_of(primary: Server) -> Iterator[Server]:
    """A standby made of a copy of the primary's data while that is stopped; both run."""
    standby = Server(primary.major, primary.settings)
    try:
        primary.stop()
        shutil.copytree(primary.data, standby.data)
        (standby.data / "standby.signal").touch()
        for path in (standby.data, *standby.data.rglob("*")):
            standby.account.own(path)
        standby.passwords = primary.passwords
        password = primary.passwords[SUPERUSER]
        source = f"host={primary.host} port={primary.port} user={SUPERUSER} password={password}"
        standby.configure({"primary_conninfo": source, "max_standby_streaming_delay": "0"})
        primary.start()
        standby.start()
        yield standby
    finally:
        standby.remove()


def follow(primary: Server, standby: Server) -> None:
    """Wait until the standby has replayed all that the primary wrote."""
    with connect(primary) as p, connect(standby) as s:
        ((lsn,),) = p.execute("select pg_current_wal_lsn()::text").fetchall()
        wait_until(lambda: s.execute("select pg_last_wal_replay_lsn() >= %s::pg_lsn", (lsn,)).fetchall() == [(True,)])


async def counted(standby: Server, probe: str) -> list[Row]:
    async with probing(standby.dsn(MONITOR), CATALOG) as prober:
        return await prober.rows(probe)


async def number(standby: Server, probe: str, column: str) -> int:
    """A counter of the server, or of the database postgres."""
    (row,) = [row for row in await counted(standby, probe) if row.get("name", "postgres") == "postgres"]
    return int(str(row[column]))


async def grows(ask: Callable[[], Awaitable[int]], before: int, seconds: float = 15.0) -> None:
    """Counters are told a moment later than they count."""
    for _ in range(round(seconds * 10)):
        if await ask() > before:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"it stays at {before}")


@pytest.mark.pg(14, 18)
async def test_a_standby_counts_its_restartpoints_and_what_recovery_cancels(private_server: MakeServer) -> None:
    primary = private_server()
    with connect(primary) as p:
        p.execute("create table seen as select i from generate_series(1, 1000) i")
    with standby_of(primary) as standby:
        before = await number(standby, "databases", "conflicts")
        with connect(primary) as p, connect(standby) as s:
            s.execute("begin isolation level repeatable read")
            s.execute("select count(*) from seen")
            p.execute("delete from seen")
            p.execute("vacuum seen")
            follow(primary, standby)
            with pytest.raises(psycopg.Error, match="conflict with recovery"):
                s.execute("select count(*) from seen")
        await grows(lambda: number(standby, "databases", "conflicts"), before)
        if standby.major >= 17:
            columns = ("restartpoints_requested", "restartpoints_done")
            first = {column: await number(standby, "checkpoints", column) for column in columns}
            with connect(primary) as p, connect(standby) as s:
                p.execute("checkpoint")
                follow(primary, standby)
                s.execute("checkpoint")
            for column, value in first.items():
                await grows(lambda column=column: number(standby, "checkpoints", column), value)  # type: ignore[misc]
        (server,) = await counted(standby, "server")
        assert server["in_recovery"] is True


@pytest.mark.pg(17, 18)
@pytest.mark.slow(reason="the shortest time after which a restartpoint comes due by itself is 30 s")
async def test_a_standby_counts_the_restartpoints_that_come_due_by_themselves(private_server: MakeServer) -> None:
    primary = private_server()
    with standby_of(primary) as standby:
        with connect(primary) as p, connect(standby) as s:
            s.execute("alter system set checkpoint_timeout = '30s'")
            s.execute("select pg_reload_conf()")
            p.execute("checkpoint")
            follow(primary, standby)
        before = await number(standby, "checkpoints", "restartpoints_timed")
        await grows(lambda: number(standby, "checkpoints", "restartpoints_timed"), before, 90.0)
