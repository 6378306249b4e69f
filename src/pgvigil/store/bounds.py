"""What a user's query may take: time, and memory by which the process grows."""

import os
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

TOO_LARGE = "The query wanted more memory than it may have. Ask for a shorter time, or for fewer groups."

_TOO_LONG = (
    "The query took longer than {longest:g} seconds and was ended. Ask for a shorter time, or for fewer columns."
)

_BESIDE = 64 * 2**20
"""Bytes by which the process may grow meanwhile for other reasons: its own work, and the engine's buffers."""

_LOOK = 0.05
"""Seconds between two looks at how large the process is: texts and lists are out of the engine's count."""

_BETWEEN = 512 * 2**20
"""Bytes beyond those that may be mapped between two looks, by whoever: a function that makes one value of any size
cannot be ended amid it, so the system refuses it the room."""

_limiting = threading.Lock()


class Bound:
    """Ends a query that passes a bound, over and over until `done`; `passed` is the sentence that says which."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, longest: float, largest: int) -> None:
        self._cursor = cursor
        self._longest = longest
        self._largest = largest
        self.done = threading.Event()
        self.passed = ""

    def watch(self) -> None:
        """Look until it is done."""
        began, before = time.monotonic(), resident()
        while not self.done.wait(_LOOK):
            if time.monotonic() - began > self._longest:
                self.passed = _TOO_LONG.format(longest=self._longest)
            elif resident() - before > self._largest + _BESIDE:
                self.passed = TOO_LARGE
            if self.passed:
                self._cursor.interrupt()


@contextmanager
def bounds(cursor: duckdb.DuckDBPyConnection, longest: float, largest: int) -> Iterator[Bound]:
    """Hold what `cursor` does within to `longest` seconds and about `largest` bytes; one at a time."""
    bound = Bound(cursor, longest, largest)
    thread = threading.Thread(target=bound.watch, name="query bounds", daemon=True)
    with _limiting, _ceiling(largest + _BESIDE + _BETWEEN):
        thread.start()
        try:
            yield bound
        finally:
            bound.done.set()
            thread.join()


@contextmanager
def _ceiling(room: int) -> Iterator[None]:
    """Let the process map no more than `room` bytes beyond what it has mapped, where the system tells how much that is.

    Whoever else asks for more meanwhile is refused it too, which is why the room is wide; the writer holds what it
    could not write.
    """
    mapped = _statm(0)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if not mapped or soft != resource.RLIM_INFINITY:
        yield
        return
    resource.setrlimit(resource.RLIMIT_AS, (mapped + room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def resident() -> int:
    """Bytes of memory the process has; 0 where the system does not tell (there is no /proc)."""
    return _statm(1)


def _statm(at: int) -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[at])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
