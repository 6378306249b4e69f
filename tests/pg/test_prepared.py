"""What goes by a name over a direct connection: which statements, and that no name ever costs a request its rows."""

import struct
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import pytest

from fix_pgbouncer import MakePgBouncer
from fix_servers import MONITOR, Connection, Database
from pg.fix_pg import failure, locked, neighbours, rows, session_at, states, target
from pg.fix_relay import relay_to
from pgvigil.pg import FailureKind, Parameter, Request, Session, connect, int8, int8_array, text_array
from pgvigil.pg.pipeline import _Owed
from pgvigil.pg.prepared import MOST

ALL = pytest.mark.pg("all")
BOTH_ENDS = pytest.mark.pg(14, 18)

HELD = "select p.name, p.statement, p.custom_plans, p.generic_plans from pg_catalog.pg_prepared_statements as p"
WITH_PARAMETER = Request("with parameter", "select $1::pg_catalog.int8 as number", (int8(7),))
ONCE = Request("once", "select 'once' as word")
VICTIM = Request("victim", "select v.n from public.victim as v", (), 10_000)
MOMENT = Request("moment", "select clock_timestamp() as now")


@pytest.fixture
def superuser(database: Database) -> Iterator[Connection]:
    with database.connect() as connection:
        restore(connection)
        yield connection


@pytest.fixture
async def session(database: Database, superuser: Connection) -> AsyncIterator[Session]:
    async with session_at(database.dsn(MONITOR)) as opened:
        yield opened


def float8(value: float) -> Parameter:
    return Parameter(701, struct.pack(">d", value))


def restore(superuser: Connection) -> None:
    superuser.execute("drop table if exists victim")
    superuser.execute("create table victim (n int)")
    superuser.execute("insert into victim values (1)")
    superuser.execute(f"grant select on victim to {MONITOR}")


async def run(session: Session, *requests: Request) -> list[list[tuple[Any, ...]]]:
    return [rows(reply) for reply in await session.run(requests, deadline=30)]


async def warm(session: Session, *requests: Request) -> None:
    """Ask so often that each goes by its name, which is known to be so."""
    for _ in range(3):
        await run(session, *requests)
    assert {request.sql for request in requests} <= set(await held(session))


async def held(session: Session) -> dict[str, tuple[int, int]]:
    """The statements that the backend holds for the session: how often each was planned anew, and not."""
    (found,) = await run(session, Request("held", HELD, (), 5_000, repeats=False))
    return {text: (custom, generic) for _, text, custom, generic in found}


@ALL
async def test_what_is_asked_twice_goes_by_a_name_and_what_has_parameters_is_planned_each_time(
    session: Session,
) -> None:
    repeated = [*neighbours(), WITH_PARAMETER]
    await run(session, ONCE, *repeated)
    assert await held(session) == {}
    for _ in range(3):
        await run(session, *repeated)
    found = await held(session)
    assert set(found) == {request.sql for request in repeated}
    assert found.pop(WITH_PARAMETER.sql) == (3, 0)
    assert set(found.values()) == {(0, 3)}


@BOTH_ENDS
async def test_behind_a_pooler_nothing_is_prepared(database: Database, pgbouncer: MakePgBouncer) -> None:
    port = pgbouncer(database.server, {"default_pool_size": "1"}).port
    async with session_at(database.dsn(MONITOR, port=port)) as session:
        for _ in range(3):
            await run(session, *neighbours(), WITH_PARAMETER)
        assert await held(session) == {}


async def test_a_backend_that_was_not_started_as_asked_is_not_prepared(database: Database) -> None:
    async with relay_to(database.server.port, poses_as_pooler=False) as relay:
        relay.replaces[b"force_custom_plan"] = b"auto"
        async with session_at(database.dsn(MONITOR, port=relay.port)) as session:
            assert not session.pooled
            for _ in range(3):
                await run(session, *neighbours(), WITH_PARAMETER)
            assert await held(session) == {}


@BOTH_ENDS
async def test_no_more_are_prepared_than_allowed_and_all_return_rows(session: Session) -> None:
    requests = [Request("many", f"select {number} as number") for number in range(MOST + 6)]
    for _ in range(3):
        assert await run(session, *requests) == [[(number,)] for number in range(MOST + 6)]
    assert len(await held(session)) == MOST


async def test_what_does_not_repeat_takes_no_name(session: Session) -> None:
    each = Request("each", "select 'for each' as word", (), 500, repeats=False)
    for _ in range(3):
        await run(session, each)
    assert await held(session) == {}


@BOTH_ENDS
async def test_one_text_with_parameters_of_other_types_is_another_statement(session: Session) -> None:
    text = "select pg_catalog.cardinality($1) as count"
    numbers, words = Request("n", text, (int8_array([1, 2]),)), Request("w", text, (text_array(["a"]),))
    for _ in range(3):
        assert await run(session, numbers, words) == [[(2,)], [(1,)]]


@BOTH_ENDS
async def test_the_same_text_three_times_in_one_run(session: Session, superuser: Connection) -> None:
    thrice = [MOMENT] * 3
    for _ in range(3):
        assert len(await run(session, *thrice)) == 3
    await upset(session, b"deallocate all")
    first, second, third = await run(session, *thrice)
    assert first < second < third
    assert states(superuser) == {("idle", False)}


def lock(superuser: Connection) -> Any:
    return locked(superuser, "victim")


class Undone:
    """A change that ends with the context."""

    def __init__(self, change: str, superuser: Connection) -> None:
        self._superuser, self._change = superuser, change

    def __enter__(self) -> None:
        self._superuser.execute(self._change.encode())

    def __exit__(self, *_: object) -> None:
        restore(self._superuser)


HAPPENING: dict[Callable[[Connection], Any], tuple[FailureKind, str]] = {
    lock: (FailureKind.LOCK, "55P03"),
    partial(Undone, f"revoke select on victim from {MONITOR}"): (FailureKind.PRIVILEGE, "42501"),
    partial(Undone, "drop table victim"): (FailureKind.MISSING, "42P01"),
}


@ALL
@pytest.mark.parametrize("happening", HAPPENING, ids=["lock", "revoke", "drop"])
async def test_what_goes_by_a_name_fails_by_itself_in_whatever_position(
    session: Session, superuser: Connection, happening: Callable[[Connection], Any]
) -> None:
    await warm(session, VICTIM, *neighbours())
    for position in range(len(neighbours()) + 1):
        requests = neighbours()
        requests.insert(position, VICTIM)
        with happening(superuser):
            replies = await session.run(requests, deadline=30)
        failed = failure(replies[position])
        assert (failed.kind, failed.sqlstate) == HAPPENING[happening]
        assert all(rows(reply) for number, reply in enumerate(replies) if number != position)
        assert states(superuser) - {("active", True)} == {("idle", False)}
        assert not session.broken
        assert all(await run(session, *requests))


@BOTH_ENDS
async def test_a_passing_failure_does_not_keep_a_statement_from_its_name(
    session: Session, superuser: Connection
) -> None:
    await run(session, VICTIM)
    with lock(superuser):
        for _ in range(2):
            (reply,) = await session.run([VICTIM], deadline=30)
            assert failure(reply).kind is FailureKind.LOCK
    assert await held(session) == {}
    await run(session, VICTIM)
    assert set(await held(session)) == {VICTIM.sql}


@ALL
async def test_a_plan_that_no_longer_fits_brings_rows_in_the_same_run_and_in_order(
    session: Session, superuser: Connection
) -> None:
    changing = Request("changing", "select clock_timestamp() as now, v.* from public.victim as v")
    await warm(session, changing, MOMENT)
    superuser.execute("alter table victim add column word text default 'new'")
    before, ((now, number, word),), after = await run(session, MOMENT, changing, MOMENT)
    assert (number, word) == (1, "new")
    assert before[0][0] < now < after[0][0]
    assert all(await run(session, MOMENT, changing))


async def upset(session: Session, command: bytes) -> None:
    """Have a command that stands alone run on the session's own backend."""
    pipeline = session._pipeline
    pipeline._connection.send_query_params(command, None)
    pipeline._sync(_Owed())
    await pipeline.drain()


@ALL
@pytest.mark.parametrize("command", [b"deallocate all", b"discard all"])
async def test_names_that_somebody_threw_away_cost_no_rows(
    session: Session, superuser: Connection, command: bytes
) -> None:
    await warm(session, VICTIM, WITH_PARAMETER, *neighbours())
    await upset(session, command)
    assert await held(session) == {}
    for _ in range(3):
        assert all(await run(session, MOMENT, VICTIM, WITH_PARAMETER, *neighbours()))
        assert states(superuser) == {("idle", False)}
        assert not session.broken


@BOTH_ENDS
async def test_a_deadline_while_a_statement_is_being_prepared(session: Session, superuser: Connection) -> None:
    sleep = Request("sleep", "select pg_catalog.pg_sleep($1)", (float8(0.0),), 10_000)
    long = Request("sleep", sleep.sql, (float8(60.0),), 10_000)
    await run(session, sleep, WITH_PARAMETER)
    replies = await session.run([long, WITH_PARAMETER], deadline=1.0)
    assert [failure(reply).kind for reply in replies] == [FailureKind.DEADLINE] * 2
    assert not session.broken
    assert states(superuser) == {("idle", False)}
    for _ in range(3):
        assert len(await run(session, sleep, WITH_PARAMETER)) == 2
    assert set(await held(session)) == {sleep.sql, WITH_PARAMETER.sql}


async def test_a_transaction_that_cannot_be_ended_breaks_the_session(database: Database) -> None:
    async with relay_to(database.server.port, poses_as_pooler=False) as relay:
        session = await connect(target(database.dsn(MONITOR, port=relay.port)), timeout=20)
        relay.replaces[b"rollback"] = b"rollbart"
        replies = await session.run([MOMENT, MOMENT], deadline=30)
        assert {(failure(reply).kind, failure(reply).sqlstate) for reply in replies} == {(FailureKind.GONE, "42601")}
        assert session.broken
        session.close()
