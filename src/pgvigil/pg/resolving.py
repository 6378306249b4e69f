"""Looking names up without waiting for the resolver longer than we want to."""

import asyncio
import socket
import threading
from contextlib import suppress

_Key = tuple[str, int]


class Resolver:
    """Looks host names up; a lookup that was given up goes on in its thread and serves whoever asks next.

    The threads are daemons: the standard executor's would keep the process from ending while a name server is silent.
    """

    def __init__(self) -> None:
        self._running: dict[_Key, asyncio.Future[list[str]]] = {}

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host in the system's order; raises OSError where there are none."""
        running = self._running.get((host, port))
        if running is None:
            running = self._running[host, port] = _start_lookup(host, port)
            running.add_done_callback(lambda _: self._running.pop((host, port)))
        return await asyncio.shield(running)


def _start_lookup(host: str, port: int) -> asyncio.Future[list[str]]:
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[str]] = loop.create_future()

    def look_up() -> None:
        try:
            addresses = _look_up(host, port)
        except (OSError, UnicodeError) as error:
            _later(loop, _fail, found, OSError(str(error)))
        else:
            _later(loop, _succeed, found, addresses)

    threading.Thread(target=look_up, name=f"look up {host}", daemon=True).start()
    return found


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(where[0]) for *_, where in found))


def _later(loop: asyncio.AbstractEventLoop, *call: object) -> None:
    with suppress(RuntimeError):  # the loop has been closed meanwhile: nobody waits any more
        loop.call_soon_threadsafe(*call)  # type: ignore[arg-type]


def _succeed(found: asyncio.Future[list[str]], addresses: list[str]) -> None:
    if not found.done():
        found.set_result(addresses)


def _fail(found: asyncio.Future[list[str]], error: OSError) -> None:
    if not found.done():
        found.set_exception(error)
        found.exception()  # marked as seen: nobody may be waiting
