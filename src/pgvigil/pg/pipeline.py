"""Requests and replies over one connection in pipeline mode, one transaction per request.

Per request goes out: `begin read only`, the `set local`s, the SELECT, Sync; then `rollback`, Sync. The first Sync ends
the segment that an error spoils, so that the neighbours of a failed request are not lost; the rollback stands in a
segment of its own, so that it runs whatever happened. One Sync for all, or an end of the transaction inside the
segment that may fail, loses every later request (measured on 14 to 18, direct and through PgBouncer).

What is asked again and again over a direct connection goes by a name (`prepared`), and only that: a frame by a name
that somebody deallocated would leave the transaction open.
"""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import OperationalError
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

from pgvigil.pg.decode import Decoder, with_zeros
from pgvigil.pg.failures import is_timeout, kind_of
from pgvigil.pg.prepared import STALE, Prepared, Statement
from pgvigil.pg.values import Failure, FailureKind, Reply, Request, Rows
from pgvigil.pg.waiting import Ready, ready

BEGIN, ROLLBACK = b"begin read only", b"rollback"

_SYNCS = 2  # per request
_STALLED = 2  # times its limit, from which on a statement did not come to it by itself


class ConnectionGoneError(Exception):
    """The connection ended; the text is the driver's, the SQLSTATE that of the server's last word, if it had one."""

    def __init__(self, message: str, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


@dataclass(frozen=True, slots=True)
class _Owed:
    """What comes before a Sync that was sent: the result at `place` tells whether `statement` was prepared; `ends` says
    that it is the end of a transaction, which has to succeed."""

    statement: Statement | None = None
    place: int = 0
    ends: bool = False


class Pipeline:
    """The non-blocking side of one connection; owes as many Syncs as were sent and not yet answered."""

    def __init__(self, connection: PGconn, decoder: Decoder) -> None:
        connection.nonblocking = 1
        connection.enter_pipeline_mode()
        self._connection = connection
        self._decoder = decoder
        self._segment: list[PGresult] = []
        self._expected: deque[_Owed] = deque()
        self.prepared: Prepared | None = None

    @property
    def owed(self) -> int:
        """How many Syncs were sent and not yet answered."""
        return len(self._expected)

    def send(self, request: Request, settings: Sequence[bytes]) -> None:
        """Queue a request in a transaction with these settings; nothing is waited for."""
        frame = (BEGIN, *settings)
        try:
            for text in frame:
                self._connection.send_query_params(text, None)
            prepared = self._ask(request)
            self._sync(_Owed(prepared, len(frame)))
            self._connection.send_query_params(ROLLBACK, None)
            self._sync(_Owed(ends=True))
        except OperationalError as error:
            raise ConnectionGoneError(str(error)) from error

    def went_stale(self, request: Request, reply: Reply) -> bool:
        """Whether it failed only because it went by a name that no longer serves; the name is not used again."""
        if self.prepared is None or not isinstance(reply, Failure) or reply.sqlstate not in STALE:
            return False
        return self.prepared.forget(self._statement(request))

    async def reply(self, request: Request) -> Reply:
        """The reply to the next request in order; raises ConnectionGoneError when there will be none."""
        begun = time.perf_counter()
        answer = await self._until_sync()
        elapsed_ms = (time.perf_counter() - begun) * 1_000
        reply = self._reply(request, answer, elapsed_ms)
        await self._until_sync()
        return reply

    async def drain(self) -> None:
        """Read and throw away what is still owed."""
        while self.owed:
            await self._until_sync()

    def _statement(self, request: Request) -> Statement:
        text = request.sql.encode(self._decoder.codec, "replace")
        return text, tuple(parameter.oid for parameter in request.parameters)

    def _ask(self, request: Request) -> Statement | None:
        """Queue the SELECT, by its name where it has one; returns what is prepared on the way."""
        connection, statement = self._connection, self._statement(request)
        text, oids = statement
        values = [parameter.encoded(self._decoder.codec) for parameter in request.parameters]
        formats = [Format.BINARY] * len(values)
        prepared = self.prepared if request.repeats else None
        name = None if prepared is None else prepared.name(statement)
        new = None if prepared is None or name is not None else prepared.new_name(statement)
        if new is not None:
            connection.send_prepare(new, text, oids)
        if (known := name or new) is not None:
            connection.send_query_prepared(known, values, formats, Format.BINARY)
        else:
            connection.send_query_params(text, values, oids, formats, Format.BINARY)
        return None if new is None else statement

    def _sync(self, owed: _Owed) -> None:
        self._connection.pipeline_sync()
        self._expected.append(owed)

    async def _until_sync(self) -> list[PGresult]:
        # What was read stays in self when a deadline interrupts the waiting, so that draining can go on from there.
        while True:
            result = await self._next_result()
            if result is None:
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                segment, self._segment = self._segment, []
                self._settle(self._expected.popleft(), segment)
                return segment
            self._segment.append(result)

    def _settle(self, owed: _Owed, segment: Sequence[PGresult]) -> None:
        if self.prepared is not None and owed.statement is not None:
            # An error before it leaves it without a result of its own, or with one that says it was left out.
            known = owed.place < len(segment) and segment[owed.place].status == ExecStatus.COMMAND_OK
            self.prepared.settle(owed.statement, known=known)
        if owed.ends and any(result.status == ExecStatus.FATAL_ERROR for result in segment):
            # The transaction goes on, and whatever came next would be part of it.
            raise ConnectionGoneError("a transaction could not be ended", self._sqlstate(segment[0]))

    async def _next_result(self) -> PGresult | None:
        connection = self._connection
        try:
            unsent = connection.flush()
            while connection.is_busy():
                wanted = Ready.READ | Ready.WRITE if unsent else Ready.READ
                if Ready.READ in await ready(connection.socket, wanted):
                    connection.consume_input()
                unsent = connection.flush()
            result = connection.get_result()
        except OperationalError as error:
            raise self._gone(str(error)) from error
        if connection.status == ConnStatus.BAD:
            raise self._gone(connection.get_error_message(), result)
        return result

    def _gone(self, message: str, *last: PGresult | None) -> ConnectionGoneError:
        # The server's farewell may have come as an ordinary result before the connection ended.
        states = [state for result in (*self._segment, *last) if (state := self._sqlstate(result))]
        return ConnectionGoneError(message, states[-1] if states else None)

    def _sqlstate(self, result: PGresult | None) -> str | None:
        return None if result is None else self._decoder.text(result.error_field(DiagnosticField.SQLSTATE)) or None

    def _reply(self, request: Request, answer: Sequence[PGresult], elapsed_ms: float) -> Reply:
        last = answer[-1]
        for result in answer:
            if result.status == ExecStatus.FATAL_ERROR:
                return self._failure(request, result, elapsed_ms)
        if last.status != ExecStatus.TUPLES_OK:
            return Failure(request.name, FailureKind.OTHER, None, "it is not a query that returns rows", elapsed_ms)
        rows = with_zeros(self._decoder.rows(last), request.zeros)
        return Rows(request.name, self._decoder.names(last), rows, elapsed_ms)

    def _failure(self, request: Request, result: PGresult, elapsed_ms: float) -> Failure:
        sqlstate = self._sqlstate(result)
        message = self._decoder.text(result.error_field(DiagnosticField.MESSAGE_PRIMARY))
        kind = kind_of(sqlstate)
        if kind is FailureKind.CANCELLED and is_timeout(message, elapsed_ms, request.deadline_ms):
            kind = FailureKind.DEADLINE
        # Whoever runs keeps its limit; a server that stood still ends a statement when it goes on.
        stalled = kind is FailureKind.DEADLINE and elapsed_ms > _STALLED * request.deadline_ms
        return Failure(request.name, kind, sqlstate, message, elapsed_ms, stalled)
