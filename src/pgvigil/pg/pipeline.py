"""Requests and replies over one connection in pipeline mode, one transaction per request.

Per request goes out: `begin read only`, the `set local`s, the SELECT, Sync; then `rollback`, Sync. The first Sync ends
the segment that an error spoils, so that the neighbours of a failed request are not lost; the rollback stands in a
segment of its own, so that it runs whatever happened. One Sync for all, or an end of the transaction inside the
segment that may fail, loses every later request (measured on 14 to 18, direct and through PgBouncer).
"""

import time
from collections.abc import Sequence

from psycopg import OperationalError
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

from pgvigil.pg.decode import Decoder, with_zeros
from pgvigil.pg.failures import is_timeout, kind_of
from pgvigil.pg.values import Failure, FailureKind, Reply, Request, Rows
from pgvigil.pg.waiting import Ready, ready

_SYNCS = 2  # per request


class ConnectionGoneError(Exception):
    """The connection ended; the text is the driver's, the SQLSTATE that of the server's last word, if it had one."""

    def __init__(self, message: str, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


class Pipeline:
    """The non-blocking side of one connection; owes as many Syncs as were sent and not yet answered."""

    def __init__(self, connection: PGconn, decoder: Decoder) -> None:
        connection.nonblocking = 1
        connection.enter_pipeline_mode()
        self._connection = connection
        self._decoder = decoder
        self._segment: list[PGresult] = []
        self.owed = 0

    def send(self, request: Request, settings: Sequence[bytes]) -> None:
        """Queue a request in a transaction with these settings; nothing is waited for."""
        send = self._connection.send_query_params
        try:
            send(b"begin read only", None)
            for setting in settings:
                send(setting, None)
            send(
                request.sql.encode(self._decoder.codec, "replace"),
                [parameter.encoded(self._decoder.codec) for parameter in request.parameters],
                [parameter.oid for parameter in request.parameters],
                [Format.BINARY] * len(request.parameters),
                Format.BINARY,
            )
            self._sync()
            send(b"rollback", None)
            self._sync()
        except OperationalError as error:
            raise ConnectionGoneError(str(error)) from error

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

    def _sync(self) -> None:
        self._connection.pipeline_sync()
        self.owed += 1

    async def _until_sync(self) -> list[PGresult]:
        # What was read stays in self when a deadline interrupts the waiting, so that draining can go on from there.
        while True:
            result = await self._next_result()
            if result is None:
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                segment, self._segment = self._segment, []
                self.owed -= 1
                return segment
            self._segment.append(result)

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
        return Failure(request.name, kind, sqlstate, message, elapsed_ms)
