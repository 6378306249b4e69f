"""A session under faults of the network and of the server: every request gets its reply, and what is broken says so."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator

import pytest

from fix_proxy import MakeProxy
from fix_servers import MONITOR, Connection, Database, MakeServer
from pg.fix_pg import ask, failure, neighbours, rows, session_at, states, wait_until
from pgvigil.pg import FailureKind, Reply, Request, Rows, Session, text
from pgvigil.sandbox.proxy import Proxy

SLEEP = Request("sleep", "select pg_catalog.pg_sleep(60)", (), 10_000)
LATE = 30.0


@pytest.fixture
async def session(database: Database) -> AsyncIterator[Session]:
    async with session_at(database.dsn(MONITOR)) as opened:
        yield opened


@pytest.fixture
def hop(database: Database, proxy: MakeProxy) -> Proxy:
    return proxy(database.server.port)


def sleeping(connection: Connection) -> bool:
    query = "select count(*) from pg_stat_activity where usename = %s and wait_event = 'PgSleep'"
    return connection.execute(query, (MONITOR,)).fetchone() == (1,)


async def run_and_then(session: Session, database: Database, what: str, hop: Proxy) -> list[Reply]:
    """Run a fast request, a slow one and a fast one; do something to the network as soon as the slow one runs."""
    before = hop.received
    long = Request("long", "select pg_catalog.repeat('x', 20000)", (), 10_000)
    with database.connect() as superuser:
        running = asyncio.create_task(session.run([long, SLEEP, neighbours()[1]], deadline=4.0))
        await asyncio.to_thread(wait_until, lambda: sleeping(superuser) and hop.received > before + 20_000)
        await asyncio.sleep(0.1)
        await asyncio.to_thread(getattr(hop, what))
        async with asyncio.timeout(LATE):
            return list(await running)


@pytest.mark.pg("all")
async def test_a_cut_in_mid_run_keeps_what_came_and_fails_the_rest(database: Database, hop: Proxy) -> None:
    async with session_at(database.dsn(MONITOR, port=hop.port)) as session:
        first, *others = await run_and_then(session, database, "cut", hop)
        assert isinstance(first, Rows)
        assert [failure(reply).kind for reply in others] == [FailureKind.GONE] * 2
        assert session.broken
        again = await session.run(neighbours(), deadline=1.0)
        assert {failure(reply).kind for reply in again} == {FailureKind.GONE}


async def test_a_network_that_falls_silent_in_mid_run_ends_in_time(database: Database, hop: Proxy) -> None:
    async with session_at(database.dsn(MONITOR, port=hop.port)) as session:
        first, *others = await run_and_then(session, database, "stall", hop)
        assert isinstance(first, Rows)
        assert [failure(reply).kind for reply in others] == [FailureKind.DEADLINE] * 2
        assert session.broken


async def test_who_is_silent_for_one_answer_is_given_up_and_may_be_asked_again(session: Session) -> None:
    began = time.monotonic()
    first, *others = await session.run([neighbours()[0], SLEEP, neighbours()[1]], deadline=20.0, silence=1.0)
    assert time.monotonic() - began < SLEEP.deadline_ms / 1_000
    assert isinstance(first, Rows)
    assert [(failure(reply).kind, failure(reply).sqlstate) for reply in others] == [(FailureKind.DEADLINE, None)] * 2
    assert not session.broken
    assert all(isinstance(reply, Rows) for reply in await session.run(neighbours(), deadline=LATE, silence=LATE))


async def test_a_backend_that_is_terminated_is_gone(database: Database, session: Session) -> None:
    with database.connect() as superuser:
        running = asyncio.create_task(session.run([SLEEP, neighbours()[0]], deadline=LATE))
        await asyncio.to_thread(wait_until, lambda: sleeping(superuser))
        superuser.execute("select pg_terminate_backend(%s)", (session.backend_pid,))
        replies = await running
    assert [failure(reply).kind for reply in replies] == [FailureKind.GONE] * 2
    assert failure(replies[0]).sqlstate == "57P01"
    assert session.broken


@pytest.mark.pg(14, 18)
async def test_a_server_killed_in_mid_run(private_server: MakeServer) -> None:
    server = private_server()
    async with session_at(server.dsn(MONITOR)) as session:
        running = asyncio.create_task(session.run([SLEEP, neighbours()[0]], deadline=LATE))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(server.kill)
        replies = await running
        assert {failure(reply).kind for reply in replies} == {FailureKind.GONE}
        assert session.broken


async def test_a_backend_that_somebody_cancels_fails_that_request_only(database: Database, session: Session) -> None:
    with database.connect() as superuser:
        running = asyncio.create_task(session.run([SLEEP, neighbours()[0]], deadline=LATE))
        await asyncio.to_thread(wait_until, lambda: sleeping(superuser))
        superuser.execute("select pg_cancel_backend(%s)", (session.backend_pid,))
        replies = await running
    assert failure(replies[0]).kind is FailureKind.CANCELLED
    assert rows(replies[1])
    assert not session.broken


async def test_a_run_that_is_given_up_breaks_the_session(session: Session) -> None:
    running = asyncio.create_task(session.run([SLEEP], deadline=LATE))
    await asyncio.sleep(0.1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert session.broken
    assert failure(await ask(session, "select 1")).kind is FailureKind.GONE


@pytest.mark.parametrize("stopped_for", [0.0, 3.0])
async def test_a_limit_that_passed_while_the_server_stood_still_is_told_apart(
    session: Session, stopped_for: float
) -> None:
    asked = await session.run([Request("pid", "select pg_catalog.pg_backend_pid()")], deadline=LATE)
    ((pid,),) = rows(asked[0])
    late = Request("late", "select pg_catalog.pg_sleep(30)", (), 1_000)
    running = asyncio.create_task(session.run([late], deadline=LATE))
    await asyncio.sleep(0.2)
    if stopped_for:
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(stopped_for)
        os.kill(pid, signal.SIGCONT)
    (reply,) = await running
    assert failure(reply).kind is FailureKind.DEADLINE
    assert failure(reply).stalled is (stopped_for > 0)


async def test_two_runs_at_a_time_are_refused(session: Session) -> None:
    running = asyncio.create_task(session.run([Request("short", "select pg_catalog.pg_sleep(0.3)")], deadline=LATE))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="one run at a time"):
        await session.run(neighbours(), deadline=LATE)
    assert rows((await running)[0])


async def test_a_closed_session_leaves_the_server_at_once(database: Database) -> None:
    with database.connect() as superuser:
        async with session_at(database.dsn(MONITOR)):
            assert states(superuser)
        wait_until(lambda: not states(superuser))


@pytest.mark.pg("all")
async def test_a_session_closed_while_it_runs_leaves_the_server_soon(database: Database) -> None:
    with database.connect() as superuser:
        async with session_at(database.dsn(MONITOR)) as session:
            running = asyncio.create_task(session.run([SLEEP], deadline=LATE))
            await asyncio.to_thread(wait_until, lambda: sleeping(superuser))
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        await asyncio.to_thread(wait_until, lambda: not states(superuser))


async def test_elapsed_time_is_each_requests_own(session: Session) -> None:
    slow = Request("slow", "select pg_catalog.pg_sleep(1)", (), 5_000)
    first, second, third = await session.run([neighbours()[0], slow, neighbours()[0]], deadline=LATE)
    assert second.elapsed_ms > 500  # what the first reply's reading took is missing from it
    assert first.elapsed_ms < second.elapsed_ms
    assert third.elapsed_ms < second.elapsed_ms


async def test_a_large_run_goes_both_ways_at_once(session: Session) -> None:
    query = "select pg_catalog.repeat($1, 40) as text"
    requests = [Request(f"{number}", query, (text("x" * 200_000),), 10_000) for number in range(10)]
    replies = await session.run(requests, deadline=LATE)
    assert [len(rows(reply)[0][0]) for reply in replies] == [8_000_000] * 10


async def test_traffic_is_what_went_over_the_wire(database: Database, hop: Proxy) -> None:
    async with session_at(database.dsn(MONITOR, port=hop.port)) as session:
        rows(await ask(session, "select pg_catalog.repeat('x', 100000)"))
        assert session.traffic() is not None
        wait_until(lambda: session.traffic() == (hop.sent, hop.received))
        assert hop.received > 100_000


@pytest.mark.pg(15, 18)  # 15 counts each text of a SET by itself
async def test_no_warning_and_one_entry_a_request_on_the_server(private_server: MakeServer) -> None:
    server = private_server()
    async with session_at(server.dsn(MONITOR)) as session:
        for _ in range(3):
            for limit in (100, 250, 500, 1_000, 2_000, 5_000, 10_000):
                requests = [Request("probe", query, (), limit) for query in (r.sql for r in neighbours())]
                assert all(rows(reply) for reply in await session.run(requests, deadline=LATE))
        query = (
            "select s.query, s.calls from public.pg_stat_statements s "
            "join pg_catalog.pg_roles r on r.oid = s.userid where r.rolname = current_user"
        )
        entries = dict(rows(await ask(session, query)))
    probes = {text: calls for text, calls in entries.items() if "pg_catalog" in text and "pg_stat_s" not in text}
    utility = {text for text in entries if text.lower().startswith(("begin", "set", "rollback"))}
    assert sum(1 for calls in probes.values() if calls == 21) == len(neighbours())
    assert len(utility) <= 2 + 3 + 7  # begin, rollback; at the start three settings; seven limits
    assert "WARNING" not in server.log_text()
    assert "ERROR" not in server.log_text()
