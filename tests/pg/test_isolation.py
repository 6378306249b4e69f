"""A request that fails costs its neighbours nothing: 14 to 18, direct and through PgBouncer in transaction mode."""

import itertools
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from fix_pgbouncer import MakePgBouncer
from fix_servers import MONITOR, Connection, Database
from pg.fix_pg import ask, failure, locked, neighbours, rows, session_at, states
from pg.fix_relay import relay_to
from pgvigil.pg import Failure, FailureKind, Request, Session

ALL = pytest.mark.pg("all")

ERROR = Request("error", "select 1 / 0")
DEADLINE = Request("deadline", "select pg_catalog.pg_sleep(30)", (), 100)
LOCK = Request("lock", "select n from public.locked", (), 10_000)
PRIVILEGE = Request("privilege", "select n from public.hidden")
MISSING = Request("missing", "select n from public.nowhere")
NO_ROWS = Request("no rows", "listen nothing")
FAILING = {
    ERROR: (FailureKind.OTHER, "22012"),
    DEADLINE: (FailureKind.DEADLINE, "57014"),
    LOCK: (FailureKind.LOCK, "55P03"),
    PRIVILEGE: (FailureKind.PRIVILEGE, "42501"),
    MISSING: (FailureKind.MISSING, "42P01"),
}
SETTINGS = (
    "statement_timeout",
    "lock_timeout",
    "search_path",
    "transaction_read_only",
    "default_transaction_read_only",
    "client_encoding",
    "application_name",
)


@pytest.fixture
def superuser(database: Database) -> Iterator[Connection]:
    with database.connect() as connection:
        connection.execute("create table locked (n int)")
        connection.execute("create table hidden (n int)")
        connection.execute(f"grant select on hidden to {MONITOR}")
        yield connection


@pytest.fixture(params=["direct", "pooled"])
async def port(request: pytest.FixtureRequest, database: Database, pgbouncer: MakePgBouncer) -> int:
    if request.param == "direct":
        return database.server.port
    return pgbouncer(database.server, {"default_pool_size": "1"}).port


@pytest.fixture
async def session(database: Database, superuser: Connection, port: int) -> AsyncIterator[Session]:
    async with session_at(database.dsn(MONITOR, port=port)) as opened:
        yield opened


@ALL
async def test_whatever_fails_in_whatever_position_all_neighbours_return_rows(
    session: Session, superuser: Connection
) -> None:
    assert rows(await ask(session, PRIVILEGE.sql)) == []
    superuser.execute(f"revoke select on hidden from {MONITOR}")
    for failing, position in itertools.product(FAILING, range(5)):
        requests = neighbours()
        requests.insert(position, failing)
        with locked(superuser, "locked"):
            replies = await session.run(requests, deadline=30)
        assert [reply.name for reply in replies] == [request.name for request in requests]
        failed = failure(replies[position])
        assert (failed.kind, failed.sqlstate) == FAILING[failing], failed.name
        assert all(rows(reply) for number, reply in enumerate(replies) if number != position), failed.name
        assert states(superuser) == {("idle", False)}, failed.name
        assert not session.broken


@pytest.mark.pg(14, 18)
async def test_when_all_fail_each_fails_by_itself(session: Session, superuser: Connection) -> None:
    superuser.execute(f"revoke select on hidden from {MONITOR}")
    with locked(superuser, "locked"):
        replies = await session.run(list(FAILING), deadline=30)
    assert [(failure(reply).kind, failure(reply).sqlstate) for reply in replies] == list(FAILING.values())
    assert states(superuser) == {("idle", False)}
    assert rows(await ask(session, "select 7"))[0] == (7,)


@pytest.mark.pg(14, 18)
async def test_nothing_can_be_written(session: Session, superuser: Connection) -> None:
    superuser.execute(f"grant all on hidden to {MONITOR}")
    reply = await ask(session, "insert into public.hidden values (1) returning n")
    assert failure(reply).sqlstate == "25006"
    assert superuser.execute("select count(*) from hidden").fetchone() == (0,)


@pytest.mark.pg(14, 18)
async def test_a_statement_that_returns_no_rows_fails_and_its_neighbours_do_not(session: Session) -> None:
    first, last = neighbours()[:2]
    replies = await session.run([first, NO_ROWS, last], deadline=30)
    assert rows(replies[0])
    assert failure(replies[1]).kind is FailureKind.OTHER
    assert rows(replies[2])


@ALL
async def test_the_runs_own_deadline_ends_what_still_runs(session: Session, superuser: Connection) -> None:
    slow = Request("slow", "select pg_catalog.pg_sleep(60)", (), 10_000)
    replies = await session.run([neighbours()[0], slow, slow, neighbours()[1]], deadline=1.0)
    assert [failure(reply).kind for reply in replies[1:]] == [FailureKind.DEADLINE] * 3
    assert rows(replies[0])
    if session.broken:  # a pooler may have let go of the backend; the next run needs a new session then
        assert session.pooled
    else:
        assert rows(await ask(session, "select 7"))[0] == (7,)
        assert states(superuser) == {("idle", False)}


@ALL
async def test_nothing_that_was_set_survives_for_another_client(
    session: Session, database: Database, port: int, superuser: Connection
) -> None:
    def seen_by_another() -> list[Any]:
        with database.connect(MONITOR, port=port, prepare_threshold=None) as fresh:
            settings = [fresh.execute(f"show {name}").fetchone() for name in SETTINGS]
            prepared = fresh.execute("select count(*) from pg_prepared_statements").fetchone()
            backend = fresh.execute("select pg_backend_pid()").fetchone()
            return [settings, prepared, backend if session.pooled else None]

    expected = seen_by_another()
    assert expected[1] == (0,)
    with locked(superuser, "locked"):
        for _ in range(3):
            await session.run([*FAILING, *neighbours()], deadline=30)
    assert seen_by_another() == expected


async def test_a_pooler_never_sees_a_transaction_before_the_one_before_has_ended(database: Database) -> None:
    async with relay_to(database.server.port, poses_as_pooler=True) as relay:
        async with session_at(database.dsn(MONITOR, port=relay.port)) as session:
            assert session.pooled
            assert all(rows(reply) for reply in await session.run(neighbours(), deadline=30))
            failures = await session.run([ERROR, MISSING, *neighbours()], deadline=30)
            assert [isinstance(reply, Failure) for reply in failures] == [True, True, *[False] * len(neighbours())]
        assert relay.most_open == 1


async def test_without_a_pooler_all_transactions_go_out_at_once(database: Database) -> None:
    async with relay_to(database.server.port, poses_as_pooler=False) as relay:
        async with session_at(database.dsn(MONITOR, port=relay.port)) as session:
            assert not session.pooled
            assert all(rows(reply) for reply in await session.run(neighbours(), deadline=30))
        assert relay.most_open == len(neighbours())
