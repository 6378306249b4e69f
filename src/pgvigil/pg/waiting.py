"""Waiting for a socket that the driver owns, on the event loop."""

import asyncio
from enum import Flag, auto


class Ready(Flag):
    """What a socket is waited for, or found ready for."""

    READ = auto()
    WRITE = auto()


async def ready(descriptor: int, wanted: Ready) -> Ready:
    """Wait until the socket can be read or written, as wanted; say which."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Ready] = loop.create_future()

    def on_ready(what: Ready) -> None:
        if not found.done():
            found.set_result(what)

    if Ready.READ in wanted:
        loop.add_reader(descriptor, on_ready, Ready.READ)
    if Ready.WRITE in wanted:
        loop.add_writer(descriptor, on_ready, Ready.WRITE)
    try:
        return await found
    finally:
        loop.remove_reader(descriptor)
        loop.remove_writer(descriptor)
