"""Connecting, where it works and where it does not: a cause, what to do, no secret, and always in time."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fix_pgbouncer import MakePgBouncer
from fix_proxy import MakeProxy
from fix_servers import MONITOR, Database, MakeServer
from fix_servers import connect as plain_connection
from pg.fix_pg import ask, rows, session_at, target, wait_until
from pg.fix_tls import Certificates, make_certificates, turn_tls_on
from pgvigil.model import Condition
from pgvigil.pg import Attempts, ConnectError, Notice, Request, connect
from pgvigil.sandbox.ports import ReservedPort
from pgvigil.sandbox.server import SUPERUSER, Server

SECRET = "s3cr3t-of-the-test"
LATE = 30.0


async def refusal(
    dsn: str,
    seconds: float = 10.0,
    attempts: Attempts | None = None,
    notice: Notice | None = None,
    **options: Any,
) -> ConnectError:
    """The error of a connect that must fail, in time, and without the password in it."""
    with pytest.raises(ConnectError) as caught:
        async with asyncio.timeout(seconds + LATE):
            await connect(target(dsn, **options), timeout=seconds, attempts=attempts, notice=notice)
    error = caught.value
    shown = f"{error} {error!r} {error.cause} {error.remedy} {error.__cause__!r}"
    assert SECRET not in shown
    password = dsn.partition("://")[2].partition("@")[0].partition(":")[2]
    assert not password or password not in shown
    assert str(error) == f"{error.cause} {error.remedy}".strip()
    return error


# -- the server says no ----------------------------------------------------------------------------------------------


async def test_a_wrong_password(database: Database) -> None:
    error = await refusal(database.dsn(MONITOR, password=SECRET))
    assert error.condition is Condition.REFUSED
    assert f'refused the password of user "{MONITOR}"' in error.cause


async def test_no_password_at_all(database: Database) -> None:
    error = await refusal(f"host=127.0.0.1 port={database.server.port} user={MONITOR} passfile=/nowhere")
    assert error.condition is Condition.REFUSED
    assert "the DSN has none" in error.cause


@pytest.mark.pg(14, 18)
async def test_a_missing_role_a_missing_database_and_a_role_that_may_not_log_in(private_server: MakeServer) -> None:
    server = private_server()
    hba = server.data / "pg_hba.conf"
    hba.write_text("host all all 127.0.0.1/32 trust\n")
    server.account.own(hba)
    server.restart()
    with plain_connection(server) as superuser:
        superuser.execute("create role sleeper nologin")
        superuser.execute("create role stranger login")
        superuser.execute("create database closed")
        superuser.execute("revoke connect on database closed from public")
    nobody = await refusal(server.dsn("nobody", password=SECRET))
    assert (nobody.condition, nobody.cause) == (
        Condition.REFUSED,
        f'There is no role "nobody" on 127.0.0.1:{server.port}.',
    )
    sleeper = await refusal(server.dsn("sleeper", password=SECRET))
    assert "may not log in" in sleeper.cause
    nowhere = await refusal(server.dsn("stranger", "nowhere", password=SECRET))
    assert 'no database "nowhere"' in nowhere.cause
    closed = await refusal(server.dsn("stranger", "closed", password=SECRET))
    assert closed.remedy.startswith('GRANT CONNECT ON DATABASE "closed" TO "stranger"')


async def test_pg_hba_rejects(private_server: MakeServer) -> None:
    server = private_server()
    hba = server.data / "pg_hba.conf"
    hba.write_text(f"host all {MONITOR} 127.0.0.1/32 reject\nhost all {SUPERUSER} 127.0.0.1/32 scram-sha-256\n")
    server.account.own(hba)
    server.restart()
    for user in (MONITOR, "somebody"):
        error = await refusal(server.dsn(user, password=SECRET))
        assert error.condition is Condition.REFUSED
        assert "pg_hba.conf" in error.cause
        assert "pg_hba.conf" in error.remedy


async def test_the_roles_connection_limit(database: Database) -> None:
    database.execute(f"alter role {MONITOR} connection limit 1")
    try:
        async with session_at(database.dsn(MONITOR)) as first:
            error = await refusal(database.dsn(MONITOR))
            assert error.condition is Condition.REFUSED
            assert "has reached its connection limit" in error.cause
            assert rows(await ask(first, "select 1"))[0] == (1,)
    finally:
        database.execute(f"alter role {MONITOR} connection limit -1")


@pytest.mark.pg(14, 18)
async def test_all_connections_taken_leaves_the_last_ones_alone(private_server: MakeServer) -> None:
    server = private_server(settings={"max_connections": "8", "superuser_reserved_connections": "3"})
    async with session_at(server.dsn(MONITOR)):
        others = [psycopg.connect(server.dsn(MONITOR)) for _ in range(4)]
        error = await refusal(server.dsn(MONITOR))
        assert error.condition is Condition.REFUSED
        assert "All connections of" in error.cause
        with plain_connection(server) as superuser:
            assert superuser.execute("select 1").fetchone() == (1,)
        for other in others:
            other.close()
    wait_until(lambda: _can_connect(server))
    async with session_at(server.dsn(MONITOR)) as session:
        assert rows(await ask(session, "select 1"))[0] == (1,)


def _can_connect(server: Server) -> bool:
    try:
        psycopg.connect(server.dsn(MONITOR)).close()
    except psycopg.OperationalError:
        return False
    return True


async def test_a_server_that_shuts_down(private_server: MakeServer) -> None:
    server = private_server()
    with psycopg.connect(server.dsn()):  # a smart shutdown waits for it
        os.kill(server.pid, signal.SIGTERM)
        wait_until(lambda: "received smart shutdown request" in server.log_text())
        error = await refusal(server.dsn(MONITOR))
    assert error.condition is Condition.UNREACHABLE
    assert "is shutting down" in error.cause


# -- nobody answers --------------------------------------------------------------------------------------------------


async def test_nothing_listens() -> None:
    port = ReservedPort()
    error = await refusal(f"postgresql://me:{SECRET}@127.0.0.1:{port.number}/x")
    assert (error.condition, error.cause) == (Condition.UNREACHABLE, f"Nothing listens at 127.0.0.1:{port.number}.")
    port.close()


async def test_no_socket_there(tmp_path: Path) -> None:
    error = await refusal(f"host={tmp_path} user=me password={SECRET}")
    assert error.condition is Condition.UNREACHABLE
    assert str(tmp_path) in error.cause


async def test_a_black_hole_ends_in_time_and_data_flows_as_soon_as_it_does(
    database: Database, proxy: MakeProxy
) -> None:
    hop = proxy(database.server.port)
    hop.stall()
    attempts = Attempts()
    dsn = database.dsn(MONITOR, port=hop.port)
    for _ in range(2):
        error = await refusal(dsn, 0.3, attempts)
        assert error.condition is Condition.UNREACHABLE
        assert "accepted the connection and then said nothing for 0.3 s" in error.cause
        assert attempts.outstanding == 0  # the server has not even heard of it
    hop.flow()
    async with session_at(dsn, attempts) as session:
        assert rows(await ask(session, "select 1"))[0] == (1,)


async def test_what_keeps_a_connect_waiting_is_told_while_it_goes_on(database: Database, proxy: MakeProxy) -> None:
    hop = proxy(database.server.port)
    hop.stall()
    attempts = Attempts()
    heard: asyncio.Queue[ConnectError] = asyncio.Queue()
    dsn, notice = database.dsn(MONITOR, port=hop.port), Notice(0.3, heard.put_nowait)
    one, other = (
        asyncio.create_task(connect(target(dsn), timeout=LATE, attempts=attempts, notice=notice)) for _ in range(2)
    )
    async with asyncio.timeout(LATE):
        said = [await heard.get() for _ in range(2)]  # who waits for its turn tells what the first waits for
    assert not one.done()
    hop.flow()
    for session in await asyncio.gather(one, other):
        assert rows(await ask(session, "select 1"))[0] == (1,)
        session.close()
    for error in said:
        assert error.condition is Condition.UNREACHABLE
        assert "accepted the connection and then said nothing for 0.3 s" in error.cause
        assert error.remedy
    hop.stall()
    late = await refusal(dsn, 0.6, attempts, notice=notice)
    assert {str(late), str(heard.get_nowait())} == {str(error) for error in said}, "one cause, one sentence"
    assert heard.empty()


async def test_a_connect_that_is_in_time_tells_nothing(database: Database) -> None:
    said: list[ConnectError] = []
    session = await connect(target(database.dsn(MONITOR)), timeout=LATE, notice=Notice(1.0, said.append))
    await asyncio.sleep(1.1)
    assert said == []
    session.close()


async def test_a_listener_that_never_answers_when_tls_is_off(database: Database, proxy: MakeProxy) -> None:
    hop = proxy(database.server.port)
    hop.stall()
    attempts = Attempts()
    dsn = database.dsn(MONITOR, port=hop.port)
    await refusal(dsn, 0.3, attempts, sslmode="disable")
    # Nothing tells a black hole from a server that is stuck here, so it counts, and is waited for.
    assert attempts.outstanding == 1
    hop.flow()
    session = await connect(target(dsn, sslmode="disable"), timeout=LATE, attempts=attempts)
    assert attempts.outstanding == 0
    assert hop.accepted == 1
    session.close()


async def test_no_other_address_is_tried_while_an_attempt_may_linger(
    database: Database, proxy: MakeProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving_to(monkeypatch, "127.0.0.1", "127.0.0.1")
    hop = proxy(database.server.port)
    hop.stall()
    attempts = Attempts()
    dsn = database.dsn(MONITOR, host="one.example,two.example", port=hop.port).replace("%2C", ",")
    for _ in range(3):
        await refusal(dsn, 0.4, attempts, sslmode="disable")
        assert attempts.outstanding == 1
    assert hop.accepted == 1
    attempts.close()


async def test_a_silent_host_leaves_time_for_the_next(database: Database, proxy: MakeProxy) -> None:
    hop = proxy(database.server.port)
    hop.stall()
    dsn = database.dsn(MONITOR).replace("@127.0.0.1:", f"@127.0.0.1:{hop.port},127.0.0.1:")
    session = await connect(target(dsn), timeout=10)
    assert rows(await ask(session, "select 1"))[0] == (1,)
    session.close()


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[int]:
    """A port where each connection is handled so, then read to its end and closed."""
    tasks = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        with suppress(OSError):
            await handler(reader, writer)
            await writer.drain()
            await reader.read()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        await asyncio.gather(*(task for task in tasks if task is not None))


async def test_a_connection_that_is_closed_at_once() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with listening(hang_up) as port:
        error = await refusal(f"postgresql://me:{SECRET}@127.0.0.1:{port}/x")
    assert error.condition is Condition.UNREACHABLE
    assert "closed the connection while it was being set up" in error.cause


async def test_a_listener_that_is_no_postgresql() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with listening(greet) as port:
        error = await refusal(f"postgresql://me:{SECRET}@127.0.0.1:{port}/x")
    assert error.condition is Condition.UNREACHABLE
    assert error.remedy


async def test_a_name_that_does_not_resolve() -> None:
    error = await refusal(f"postgresql://me:{SECRET}@no-such-host.invalid/x")
    assert error.condition is Condition.UNREACHABLE
    assert "The host name no-such-host.invalid cannot be resolved" in error.cause


async def test_a_silent_name_service_is_not_asked_twice_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    answer, asked = threading.Event(), []

    def silent(host: str, *_: Any, **__: Any) -> Any:
        asked.append(host)
        answer.wait(LATE)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    attempts = Attempts()
    for _ in range(3):
        error = await refusal("postgresql://me@slow.example/x", 0.1, attempts)
        assert error.condition is Condition.UNREACHABLE
        assert "The name service did not resolve slow.example within 0.1 s" in error.cause
    assert asked == ["slow.example"]
    answer.set()
    error = await refusal("postgresql://me@slow.example/x", 10, attempts)
    assert "cannot be resolved" in error.cause


def resolving_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def resolve(host: str, port: int, **_: Any) -> Any:
        families = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(families[":" in each], socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


async def test_a_host_with_ipv6_addresses_only_says_so_and_what_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving_to(monkeypatch, "100::1", "100::2")  # the discard prefix of RFC 6666
    error = await refusal("postgresql://me@db.example/x", 2)
    assert error.condition is Condition.UNREACHABLE
    assert "IPv6 addresses only" in error.cause
    assert "pooler" in error.remedy


async def test_the_next_address_is_tried_where_one_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    resolving_to(monkeypatch, "100::1", "127.0.0.1")
    async with session_at(database.dsn(MONITOR, host="db.example")) as session:
        assert rows(await ask(session, "select 1"))[0] == (1,)


async def test_the_next_host_of_the_dsn_is_tried(database: Database) -> None:
    closed = ReservedPort()
    dsn = database.dsn(MONITOR).replace("@127.0.0.1:", f"@127.0.0.1:{closed.number},127.0.0.1:")
    async with session_at(dsn + "?target_session_attrs=read-write") as session:
        assert rows(await ask(session, "select 1"))[0] == (1,)
    closed.close()


async def test_a_standby_is_asked_for_and_a_primary_found(database: Database) -> None:
    error = await refusal(database.dsn(MONITOR) + "?target_session_attrs=standby")
    assert error.condition is Condition.REFUSED
    assert "target_session_attrs" in error.cause


# -- TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


async def test_a_server_without_tls_where_it_is_demanded(database: Database) -> None:
    error = await refusal(database.dsn(MONITOR), sslmode="require")
    assert error.condition is Condition.REFUSED
    assert "does not speak TLS" in error.cause


@pytest.mark.pg(17)  # the binaries of 18 are built without TLS
async def test_tls_verified_and_not(private_server: MakeServer, certificates: Certificates) -> None:
    server = private_server()
    turn_tls_on(server, certificates)
    dsn = server.dsn(MONITOR, host="localhost")
    encrypted = "select ssl from pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()"
    for sslmode, root, expected in (
        ("disable", None, False),
        ("require", None, True),
        ("verify-full", certificates.authority, True),
    ):
        async with session_at(dsn, sslmode=sslmode, sslrootcert=str(root) if root else None) as session:
            assert rows(await ask(session, encrypted))[0] == (expected,)
            replies = await session.run([], deadline=1)
            assert replies == ()

    stranger = await refusal(dsn, sslmode="verify-full", sslrootcert=str(certificates.stranger))
    assert "could not be verified" in stranger.cause
    other_name = await refusal(server.dsn(MONITOR), sslmode="verify-full", sslrootcert=str(certificates.authority))
    assert "could not be verified" in other_name.cause
    no_file = await refusal(dsn, sslmode="verify-full", sslrootcert="/nowhere.pem")
    assert "root certificate" in no_file.cause
    assert {each.condition for each in (stranger, other_name, no_file)} == {Condition.REFUSED}


@pytest.mark.pg(17)
async def test_a_server_that_demands_tls_and_a_cancel_over_tls(
    private_server: MakeServer, certificates: Certificates
) -> None:
    server = private_server()
    hba = server.data / "pg_hba.conf"
    hba.write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
    server.account.own(hba)
    turn_tls_on(server, certificates)
    error = await refusal(server.dsn(MONITOR), sslmode="disable")
    assert "without TLS" in error.cause
    assert "sslmode=require" in error.remedy
    async with session_at(server.dsn(MONITOR), sslmode="require") as session:
        await session.run([_sleep(), _sleep()], deadline=0.5)
        assert not session.broken
        assert rows(await ask(session, "select 1"))[0] == (1,)


def _sleep() -> Request:
    return Request("sleep", "select pg_catalog.pg_sleep(60)", (), 10_000)


# -- what the DSN says, and what it does not ---------------------------------------------------------------------------


async def test_parameters_of_an_orm_are_dropped_with_a_note(database: Database) -> None:
    dsn = database.dsn(MONITOR) + "?pgbouncer=true&schema=public&connection_limit=5&pool_timeout=0&sslmode=prefer"
    async with session_at(dsn) as session:
        (note,) = session.notes
        assert note.startswith("The DSN of tested has parameters that PostgreSQL does not know")
        assert note.endswith("left out: connection_limit, pgbouncer, pool_timeout, schema.")
        assert rows(await ask(session, "select 1"))[0] == (1,)


async def test_a_url_of_another_driver_is_understood(database: Database) -> None:
    async with session_at(database.dsn(MONITOR).replace("postgresql://", "postgresql+asyncpg://")) as session:
        assert rows(await ask(session, "select 1"))[0] == (1,)


async def test_another_database_can_be_visited(database: Database) -> None:
    async with session_at(database.dsn(MONITOR), database="postgres") as session:
        assert rows(await ask(session, "select current_database()::text"))[0] == ("postgres",)


async def test_the_environment_of_libpq_is_not_looked_at(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for option in psycopg.pq.Conninfo.get_defaults():
        if option.envvar:
            monkeypatch.setenv(option.envvar.decode(), "wrong")
    async with session_at(database.dsn(MONITOR)) as session:
        row = rows(await ask(session, "select current_setting('application_name'), current_user::text"))[0]
        assert row == ("pgvigil", MONITOR)
    assert os.environ["PGSERVICE"] == "wrong"


@pytest.mark.parametrize(
    ("dsn", "what"),
    [
        (f"postgresql://me:{SECRET}@host:port@bad/x", "has hosts and ports"),
        (f"host=h passwrd={SECRET}", "cannot be read"),
        (f"postgresql://me:{SECRET}%zz@host/x", "cannot be read"),
        (f"postgresql://me:{SECRET}@host/x?sslmode=no-verify", "has sslmode=no-verify"),
        (f"service=other password={SECRET}", "names a service"),
        (f"host=a,b,c port=1,2 password={SECRET}", "has hosts and ports that do not fit"),
        (f"host=a port=99999 password={SECRET}", "has hosts and ports that do not fit"),
        (" ", "is empty"),
    ],
)
async def test_a_dsn_that_cannot_be_used_says_so_without_quoting_it(dsn: str, what: str) -> None:
    error = await refusal(dsn)
    assert error.condition is Condition.REFUSED
    assert f"The DSN of tested {what}" in error.cause
    assert error.remedy


@pytest.mark.parametrize(
    "dsn",
    [
        f"postgresql://me:zq1@{SECRET}@localhost/x",
        f"postgresql://me:zq1@a,{SECRET}@localhost/x",
        f"postgres+asyncpg://me:zq1@%2F{SECRET}@localhost:5432/x?sslmode=disable",
        f"postgresql://localhost:/{SECRET}@there/x",  # a user localhost, whose password begins with a slash
        f"postgresql://localhost:12/{SECRET}@there/x",
        f"postgresql://localhost:12?{SECRET}@there/x",
        f"postgresql://localhost:12?{SECRET}=1@there/x",
        f"postgresql://localhost:12?sslmode={SECRET}&{SECRET}=1@there/x",
    ],
)
async def test_the_rest_of_a_password_is_taken_for_no_other_part(dsn: str) -> None:
    error = await refusal(dsn)
    assert error.condition is Condition.REFUSED
    assert SECRET not in error.logged
    assert "cannot be read: an @, / or ? in its user, password or database must be written as %40" in error.cause


async def test_an_at_that_is_percent_encoded_or_a_value_of_a_parameter_is_read(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("create role \"at@home\" login password 'p@ss/w?rd'")
    try:
        there = database.dsn(MONITOR).partition("?")[0].rpartition("@")[2]
        for dsn in (
            f"postgresql://at%40home:p%40ss%2Fw%3Frd@{there}",
            f"postgresql://{there}?user=at@home&password=p@ss/w?rd",
        ):
            async with session_at(dsn) as session:
                assert rows(await ask(session, "select current_user::text"))[0] == ("at@home",)
    finally:
        database.execute('drop role "at@home"')


# -- poolers -----------------------------------------------------------------------------------------------------------


@pytest.mark.pg(14, 18)
@pytest.mark.parametrize("ignored", ["extra_float_digits,options", "extra_float_digits"])
async def test_a_pooler_is_recognised_whether_it_ignores_startup_options_or_refuses_them(
    database: Database, pgbouncer: MakePgBouncer, ignored: str
) -> None:
    pooler = pgbouncer(database.server, {"ignore_startup_parameters": ignored})
    async with session_at(database.dsn(MONITOR, port=pooler.port)) as session:
        assert session.pooled
        limits = rows(await ask(session, "select current_setting('lock_timeout'), current_setting('search_path')"))
        assert limits[0] == ("50ms", "pg_catalog, pg_temp")


@pytest.mark.pg("all")
async def test_a_direct_session_is_limited_from_its_start(database: Database) -> None:
    async with session_at(database.dsn(MONITOR)) as session:
        assert not session.pooled
        assert session.started_with_limit_ms == 500


async def test_a_pooler_that_knows_no_such_user_or_cannot_reach_the_server(
    private_server: MakeServer, pgbouncer: MakePgBouncer
) -> None:
    server = private_server()
    pooler = pgbouncer(server)
    error = await refusal(server.dsn("stranger", port=pooler.port, password=SECRET))
    assert error.condition is Condition.REFUSED
    assert "refused the password" in error.cause
    server.stop()
    down = await refusal(server.dsn(MONITOR, port=pooler.port), 3.0)
    assert down.cause


async def test_supavisors_words_for_a_full_pool() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)  # the request for TLS
        writer.write(b"N")
        await reader.readexactly(4)
        text = b"SFATAL\0C53300\0MMax client connections reached\0\0"
        writer.write(b"E" + (len(text) + 4).to_bytes(4, "big") + text)

    async with listening(refuse) as port:
        error = await refusal(f"postgresql://me:{SECRET}@127.0.0.1:{port}/x")
    assert (error.condition, error.cause) == (Condition.REFUSED, f"All connections of 127.0.0.1:{port} are taken.")
