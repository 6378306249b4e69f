"""A relay that reads the protocol as it passes, may pose as a pooler, and may put other words into what is sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_SSL_REQUEST = 8  # bytes


class Relay:
    """Counts transactions that a client began before the one before had ended. With `poses_as_pooler` the process id
    that clients are told is not the backend's. Of what clients send, `replaces` are put in place of others as long."""

    def __init__(self, port: int, *, poses_as_pooler: bool) -> None:
        self.replaces: dict[bytes, bytes] = {}
        self.port = 0
        self.open = 0
        self.most_open = 0
        self._upstream = port
        self._poses = poses_as_pooler

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        to_server: asyncio.StreamWriter | None = None
        with suppress(asyncio.IncompleteReadError, OSError):
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._upstream)
            await self._start(reader, writer, to_server)
            await asyncio.gather(self._to_server(reader, to_server), self._to_client(from_server, writer))
        for each in (writer, to_server):
            if each is not None:
                each.transport.abort()

    async def _start(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to_server: asyncio.StreamWriter
    ) -> None:
        await reader.readexactly(_SSL_REQUEST)
        writer.write(b"N")
        length = await reader.readexactly(4)
        to_server.write(length + self._replaced(await reader.readexactly(int.from_bytes(length, "big") - 4)))

    async def _to_server(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            kind, body = await _message(reader)
            if kind == b"P" and b"begin read only" in body:
                self.open += 1
                self.most_open = max(self.most_open, self.open)
            writer.write(_packed(kind, self._replaced(body)))

    def _replaced(self, body: bytes) -> bytes:
        for word, other in self.replaces.items():
            body = body.replace(word, other.ljust(len(word)))
        return body

    async def _to_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            kind, body = await _message(reader)
            if kind == b"K" and self._poses:
                body = bytes(4) + body[4:]
            if kind == b"Z" and body == b"I":
                self.open = max(0, self.open - 1)
            writer.write(_packed(kind, body))


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    kind = await reader.readexactly(1)
    length = int.from_bytes(await reader.readexactly(4), "big")
    return kind, await reader.readexactly(length - 4)


def _packed(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body


@asynccontextmanager
async def relay_to(port: int, *, poses_as_pooler: bool) -> AsyncIterator[Relay]:
    """A relay to a server on loopback."""
    relay = Relay(port, poses_as_pooler=poses_as_pooler)
    tasks = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        await relay.serve(reader, writer)

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    relay.port = listener.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        listener.close()
        await asyncio.gather(*(task for task in tasks if task is not None))
