"""A connection that runs requests, each by itself, and is either ready for the next run or broken."""

import asyncio
from collections.abc import Sequence

from psycopg import OperationalError
from psycopg.pq import ConnStatus
from psycopg.pq.abc import PGconn

from pgvigil.pg.cancel import cancel
from pgvigil.pg.decode import Decoder
from pgvigil.pg.pipeline import ConnectionGoneError, Pipeline
from pgvigil.pg.prepared import Prepared
from pgvigil.pg.traffic import Traffic, traffic_of
from pgvigil.pg.values import Failure, FailureKind, Reply, Request

LOCK_TIMEOUT = "50ms"
SEARCH_PATH = "pg_catalog, pg_temp"
"""pg_temp is named, or it would be searched first: behind a pooler another client's tables are in it."""

_CANCEL_TIMEOUT = 1.0  # s
_GRACE = 1.0  # s in which a cancelled run has to come to its end

_FIXED = (f"set local lock_timeout = '{LOCK_TIMEOUT}'".encode(), f"set local search_path = {SEARCH_PATH}".encode())


def _limit(milliseconds: int) -> bytes:
    return b"set local statement_timeout = '%dms'" % milliseconds


def settings_for(limit_ms: int, started_with_limit_ms: int | None) -> list[bytes]:
    """What is set in a transaction for a request of this limit, in a backend that was started with this one."""
    if started_with_limit_ms is None:
        return [*_FIXED, _limit(limit_ms)]
    return [] if limit_ms == started_with_limit_ms else [_limit(limit_ms)]


class Session:
    """One connection to one database of a server. It runs one run at a time, and never issues a plain SET.

    `pooled` says that a pooler stands between, so that the backend may be another one in each transaction; `notes`
    are sentences for the user on what was dropped from the DSN; `started_with_limit_ms` is the statement_timeout that
    the backend was started with, None where nothing could be set at the start. Where it was started as we asked, what
    is asked again is prepared (see `welcome`).
    """

    def __init__(self, connection: PGconn, notes: tuple[str, ...] = ()) -> None:
        self._connection = connection
        encoding = connection.parameter_status(b"client_encoding") or b"UTF8"
        if encoding == b"SQL_ASCII":
            encoding = connection.parameter_status(b"server_encoding") or b"UTF8"
        self._pipeline = Pipeline(connection, Decoder(encoding.decode("ascii")))
        self._broken = False
        self._running = False
        self.notes = notes
        self.pooled = True
        self.started_with_limit_ms: int | None = None

    def welcome(self, *, pooled: bool, started_with_limit_ms: int | None) -> None:
        """Take in what the first answer told of the way to the server and of how its backend was started.

        Only a backend that was started with our settings is known to be ours alone; there the plans of what has
        parameters stay custom ones, for the generic plan of an array of unknown length may be ruinous.
        """
        self.pooled = pooled
        if not pooled and started_with_limit_ms is not None:
            self.started_with_limit_ms = started_with_limit_ms
            self._pipeline.prepared = Prepared()

    @property
    def broken(self) -> bool:
        """Whether this session cannot be used any more and should be closed."""
        return self._broken or self._connection.status == ConnStatus.BAD

    @property
    def backend_pid(self) -> int:
        """The process id that the server, or the pooler, gave on connecting."""
        return self._connection.backend_pid

    def traffic(self) -> Traffic | None:
        """The bytes that went over this connection so far; None where the kernel does not tell."""
        return None if self.broken else traffic_of(self._connection.socket)

    async def run(
        self, requests: Sequence[Request], *, deadline: float, silence: float | None = None
    ) -> tuple[Reply, ...]:
        """Run all requests, in one round trip where no pooler stands between, and return a reply for each, whatever
        its neighbours did.

        `deadline` (s) is on our clock and covers the whole run, `silence` (s) the wait for each reply; what they cut
        off fails with DEADLINE and is cancelled on the server.
        """
        if self._running:
            raise RuntimeError("a session runs one run at a time")
        self._running = True
        try:
            return await self._run(requests, asyncio.get_running_loop().time() + deadline, silence)
        finally:
            self._running = False

    def listen(self) -> None:
        """Take in what the server sent unasked, without waiting: an idle connection that it ended is broken then."""
        if not self._running and not self.broken:
            try:
                self._connection.consume_input()
            except OperationalError:
                self._broken = True

    def close(self) -> None:
        """End the connection; harmless when it has ended."""
        self._broken = True
        self._connection.finish()

    async def _run(self, requests: Sequence[Request], ends: float, silence: float | None) -> tuple[Reply, ...]:
        replies = await self._round(requests, ends, silence)
        stale = [n for n, reply in enumerate(replies) if self._pipeline.went_stale(requests[n], reply)]
        if not stale:
            return replies
        # With all that come after it, for some have to be read after others.
        return (*replies[: stale[0]], *await self._round(requests[stale[0] :], ends, silence))

    async def _round(self, requests: Sequence[Request], ends: float, silence: float | None) -> tuple[Reply, ...]:
        replies: list[Reply] = []
        kind, message, sqlstate = FailureKind.GONE, "the session was closed", None
        if not self.broken:
            try:
                async with asyncio.timeout_at(ends):
                    await self._exchange(requests, replies, silence)
            except ConnectionGoneError as gone:
                self._broken = True
                message, sqlstate = str(gone).strip(), gone.sqlstate
            except TimeoutError:
                kind, message = FailureKind.DEADLINE, "the deadline of the whole run"
                await self._recover()
            except asyncio.CancelledError:
                self._broken = True
                raise
        missing = requests[len(replies) :]
        stalled = kind is FailureKind.DEADLINE
        return (*replies, *(Failure(request.name, kind, sqlstate, message, stalled=stalled) for request in missing))

    async def _exchange(self, requests: Sequence[Request], replies: list[Reply], silence: float | None) -> None:
        """Ask all at once; through a pooler one transaction after the other.

        A pooler in transaction mode may let go of the backend at the end of the first transaction it sees, whatever
        was already sent behind it: then replies are lost or reach somebody else (supabase/supavisor issue 1061).
        """
        batches = [[request] for request in requests] if self.pooled else [requests]
        for batch in batches:
            for request in batch:
                self._pipeline.send(request, settings_for(request.deadline_ms, self.started_with_limit_ms))
            for request in batch:
                async with asyncio.timeout(silence):
                    reply = await self._pipeline.reply(request)
                replies.append(reply)

    async def _recover(self) -> None:
        # A cancel ends one statement only, and the pipeline goes on with the next: cancel until nothing is owed. Once
        # behind a pooler: some forward a late cancel to the backend although it serves another client by then.
        try:
            async with asyncio.timeout(_GRACE):
                while self._pipeline.owed:
                    await cancel(self._connection, _CANCEL_TIMEOUT)
                    await self._drain_for(_GRACE if self.pooled else 0.1)
        except (TimeoutError, ConnectionGoneError):
            self._broken = True

    async def _drain_for(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._pipeline.drain()
        except TimeoutError:
            return
