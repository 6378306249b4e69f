"""A TCP hop between a client and a server that counts bytes and can fail in the ways networks do."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from pgvigil.sandbox.ports import HOST, ReservedPort

_CHUNK = 1 << 16
_TURNS = 5  # of the loop, until a connection that was taken a moment ago is served, and so can be cut
_PATIENCE = 10.0  # s for the proxy's own thread to do what it is told

T = TypeVar("T")


class Proxy:
    """Listens on loopback and forwards to `host`:`port`, in a thread of its own; a context manager.

    `sent` counts the bytes from clients to the server, `received` those from the server to clients, as forwarded.
    """

    def __init__(self, port: int, host: str = HOST) -> None:
        self._upstream = (host, port)
        self.host = HOST
        self._reserved = ReservedPort()
        self.port = self._reserved.number
        self.sent = 0
        self.received = 0
        self.accepted = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._flowing = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self.flow()
        self.accept()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def open_connections(self) -> int:
        """Clients connected at the moment."""
        return len(self._tasks)

    def cut(self) -> None:
        """Close every connection at once, both sides; new ones are taken."""
        self._call(self._cut)

    def refuse(self) -> None:
        """Close every connection and take no new ones: connecting is refused, as with a server that is down."""
        self._call(self._refuse)

    def accept(self) -> None:
        """Take connections (again)."""
        self._call(self._accept)

    def stall(self) -> None:
        """Become a black hole: connections are accepted and stay open, and not a byte goes through."""
        self._call(self._stall)

    def flow(self) -> None:
        """End a stall; what was held back goes through now."""
        self._call(self._flow)

    def lead_to(self, port: int) -> None:
        """Close every connection and lead new ones to another port, as a name does that was given to another server."""
        self._upstream = (self._upstream[0], port)
        self.cut()

    def close(self) -> None:
        """End the proxy and its thread."""
        if self._loop.is_closed():
            return
        self._call(self._end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()
        self._reserved.close()

    def _call(self, action: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return asyncio.run_coroutine_threadsafe(action(), self._loop).result(_PATIENCE)

    async def _stall(self) -> None:
        self._flowing.clear()

    async def _flow(self) -> None:
        self._flowing.set()

    async def _accept(self) -> None:
        if self._listener is None:
            self._listener = await asyncio.start_server(
                self._serve, self.host, self.port, reuse_address=True, limit=_CHUNK
            )

    async def _refuse(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        await self._cut()

    async def _cut(self) -> None:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        for writer in list(self._writers):
            writer.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _end(self) -> None:
        await self._refuse()
        await self._loop.shutdown_asyncgens()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs us in one
        self._tasks.add(task)
        self._writers.add(writer)
        self.accepted += 1
        try:
            with suppress(OSError, asyncio.CancelledError):
                await self._forward(reader, writer)
        finally:
            self._writers.discard(writer)
            self._tasks.discard(task)
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flowing.wait()
        upstream_reader, upstream_writer = await asyncio.open_connection(*self._upstream)
        self._writers.add(upstream_writer)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, upstream_writer, self._count_sent))
                group.create_task(self._pump(upstream_reader, writer, self._count_received))
        except* OSError:  # one side is gone: the other learns it by our closing
            pass
        finally:
            self._writers.discard(upstream_writer)
            upstream_writer.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: Callable[[int], None]
    ) -> None:
        while data := await reader.read(_CHUNK):
            await self._flowing.wait()
            writer.write(data)
            await writer.drain()
            count(len(data))
        await self._flowing.wait()
        with suppress(OSError):
            writer.write_eof()

    def _count_sent(self, number: int) -> None:
        self.sent += number

    def _count_received(self, number: int) -> None:
        self.received += number
