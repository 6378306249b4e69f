"""From a target to a session: bounded on our clock from the resolution of the name to the first answer."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from psycopg import OperationalError
from psycopg.pq import abc as pq

from pgvigil.model import Condition, Target
from pgvigil.pg import queries
from pgvigil.pg.attempts import Attempt, Attempts, Step
from pgvigil.pg.conninfo import Endpoint, Plan, plan
from pgvigil.pg.errors import ConnectError, explain, named
from pgvigil.pg.pipeline import BEGIN, ROLLBACK
from pgvigil.pg.session import LOCK_TIMEOUT, SEARCH_PATH, Session, settings_for
from pgvigil.pg.values import Failure, FailureKind, Request

_LIMIT_MS = 500
_STARTUP = {
    "lock_timeout": LOCK_TIMEOUT,
    "statement_timeout": f"{_LIMIT_MS}ms",
    "idle_in_transaction_session_timeout": "10s",
    "default_transaction_read_only": "on",
    "search_path": SEARCH_PATH.replace(" ", ""),
    "plan_cache_mode": "force_custom_plan",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    # So that the server lets go of a session whose other end has vanished.
    "client_connection_check_interval": "1s",
    "idle_session_timeout": "10min",
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_OPTIONS = " ".join(f"-c {name}={value}" for name, value in _STARTUP.items())
_RESET_VALUES = {
    "lock_timeout": "50",
    "statement_timeout": f"{_LIMIT_MS}",
    **{name: _STARTUP[name] for name in ("default_transaction_read_only", "plan_cache_mode", "search_path")},
}
_OPTIONS_REFUSED = (
    "unsupported startup parameter",  # PgBouncer
    "command-line options",  # RDS Proxy
    "unrecognized configuration parameter",
    "invalid value for parameter",
    "server closed the connection unexpectedly",  # how a proxy may take what it does not know
)

_UNWELCOME = {FailureKind.DEADLINE: "handshake_late", FailureKind.LOCK: "catalog_locked"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Notice:
    """`tell` is called with what keeps a connect that has waited for `after` seconds: the connect goes on."""

    after: float
    tell: Callable[[ConnectError], None]


def frame(limit_ms: int, *, pooled: bool) -> tuple[str, ...]:
    """The statements that are sent around a request of this limit, in a session that stands behind a pooler or not."""
    settings = settings_for(limit_ms, None if pooled else _LIMIT_MS)
    return tuple(text.decode("ascii") for text in (BEGIN, *settings, ROLLBACK))


async def connect(
    target: Target,
    *,
    timeout: float = 5.0,  # noqa: ASYNC109 - the sentence of the error tells what took the time
    application_name: str = "pgvigil",
    database: str | None = None,
    attempts: Attempts | None = None,
    notice: Notice | None = None,
) -> Session:
    """A session with a target, in `database` or the one that its DSN names; raises ConnectError.

    Takes `timeout` (s) at most. Connects that share `attempts` go one after the other, and between them at most one
    attempt that was given up keeps a connection slot of the server. Where there is a `notice`, the error of what never
    came is the sentence that was told.
    """
    planned = plan(target, application_name, database)
    shared = attempts or Attempts()
    try:
        connecting = _Connecting(planned, shared, timeout, timeout if notice is None else notice.after)
        with connecting.telling(notice):
            return await connecting.session()
    finally:
        if attempts is None:
            shared.close()


class _Connecting:
    """One call of `connect`."""

    def __init__(self, planned: Plan, attempts: Attempts, timeout: float, late: float) -> None:
        self._plan = planned
        self._attempts = attempts
        self._late_after = late
        self._ends = asyncio.get_running_loop().time() + timeout

    @contextmanager
    def telling(self, notice: Notice | None) -> Iterator[None]:
        """Tell what is late as soon as it is, and not only when it is given up."""
        if notice is None:
            yield
            return
        tell = notice.tell
        timer = asyncio.get_running_loop().call_later(notice.after, lambda: tell(self._late()))
        try:
            yield
        finally:
            timer.cancel()

    async def session(self) -> Session:
        try:
            async with asyncio.timeout_at(self._ends):
                await self._attempts.turn.acquire()
        except TimeoutError:
            raise self._late() from None
        try:
            if (kept := self._attempts.take()) is not None:
                return await self._session_kept(kept)
            return await self._session_anew()
        finally:
            self._attempts.step = None
            self._attempts.turn.release()

    async def _session_kept(self, kept: Attempt) -> Session:
        """Go on waiting for an attempt that an earlier connect gave up."""
        try:
            connection = await self._finished(kept, self._ends)
        except OperationalError:
            return await self._session_anew()
        if kept.endpoint not in self._plan.endpoints or kept.plan.parameters != self._plan.parameters:
            kept.close()
            return await self._session_anew()
        return await self._greeted(connection, kept.endpoint)

    async def _session_anew(self) -> Session:
        """Try each host of the DSN; the error is the last one's."""
        endpoints = self._plan.endpoints
        for endpoint, until in self._shares(endpoints, self._ends):
            try:
                return await self._session_at(endpoint, until)
            except ConnectError:
                if endpoint == endpoints[-1] or self._attempts.outstanding:
                    raise
        raise self._error("unresolved", endpoints[-1])

    async def _session_at(self, endpoint: Endpoint, until: float) -> Session:
        """Try each address of a host."""
        addresses = await self._addresses(endpoint, until)
        for address, share in self._shares(addresses, until):
            try:
                return await self._greeted(await self._connection(endpoint, address, share), endpoint)
            except ConnectError as error:
                may_go_on = error.condition is Condition.UNREACHABLE and not self._attempts.outstanding
                if may_go_on and address != addresses[-1]:
                    continue
                if error.unrouted and all(":" in each for each in addresses):
                    raise self._error("ipv6_only", endpoint) from None
                raise
        raise self._error("unresolved", endpoint)

    def _shares(self, several: Sequence[T], ends: float) -> Iterator[tuple[T, float]]:
        """Each with the moment when its share of the time ends, so that a silent one leaves some for the next."""
        for left, each in zip(range(len(several), 0, -1), several, strict=True):
            now = asyncio.get_running_loop().time()
            yield each, now + (ends - now) / left

    async def _addresses(self, endpoint: Endpoint, until: float) -> list[str]:
        if endpoint.is_local or endpoint.address:
            return [endpoint.address]
        self._attempts.step = Step(endpoint, lambda: "resolver_silent")
        try:
            async with asyncio.timeout_at(until):
                return await self._attempts.resolver.addresses(endpoint.host, int(endpoint.port))
        except TimeoutError:
            raise self._late() from None
        except OSError:
            raise self._error("unresolved", endpoint) from None

    async def _connection(self, endpoint: Endpoint, address: str, until: float) -> pq.PGconn:
        try:
            return await self._finished(Attempt(self._plan, endpoint, address, _OPTIONS), until)
        except OperationalError as error:
            if not any(words in str(error) for words in _OPTIONS_REFUSED):
                raise explain(str(error), self._plan.place(endpoint)) from None
        try:
            return await self._finished(Attempt(self._plan, endpoint, address, ""), until)
        except OperationalError as error:
            raise explain(str(error), self._plan.place(endpoint)) from None

    async def _finished(self, attempt: Attempt, until: float) -> pq.PGconn:
        """Wait for an attempt; one that fails is closed, one that is late is given up."""
        self._attempts.step = Step(attempt.endpoint, lambda: _what_is_late(attempt))
        try:
            async with asyncio.timeout_at(until):
                return await attempt.finished()
        except TimeoutError:
            error = self._late()
            self._attempts.give_up(attempt)
            raise error from None
        except (OperationalError, asyncio.CancelledError):
            attempt.close()
            raise

    async def _greeted(self, connection: pq.PGconn, endpoint: Endpoint) -> Session:
        """The session, once it has said whether a pooler stands between and which limits hold."""
        session = Session(connection, self._plan.notes)
        self._attempts.step = Step(endpoint, lambda: "handshake_late")
        left = max(0.1, self._ends - asyncio.get_running_loop().time())
        try:
            (reply,) = await session.run([Request("handshake", queries.load("handshake"), (), 1_000)], deadline=left)
        except asyncio.CancelledError:
            session.close()
            raise
        if isinstance(reply, Failure):
            session.close()
            raise self._unwelcome(reply, endpoint)
        as_asked = {name: value for _, name, value in reply.rows} == _RESET_VALUES
        session.welcome(
            pooled=reply.rows[0][0] != session.backend_pid, started_with_limit_ms=_LIMIT_MS if as_asked else None
        )
        return session

    def _unwelcome(self, reply: Failure, endpoint: Endpoint) -> ConnectError:
        if reply.kind in _UNWELCOME:
            return self._error(_UNWELCOME[reply.kind], endpoint)
        return explain(f"FATAL:  {reply.message}", self._plan.place(endpoint))

    def _late(self) -> ConnectError:
        """What takes the time, also where it is the time of another connect that has the turn."""
        step = self._attempts.step
        return (
            self._error("waiting", self._plan.endpoints[0]) if step is None else self._error(step.late(), step.endpoint)
        )

    def _error(self, name: str, endpoint: Endpoint) -> ConnectError:
        return named(name, self._plan.place(endpoint), seconds=f"{self._late_after:g}")


def _what_is_late(attempt: Attempt) -> str:
    if attempt.may_linger:
        return "start_late"
    return "silent" if attempt.is_connected else "no_answer"
