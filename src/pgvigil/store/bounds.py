"""What a user's query may take: time, and memory by which the process grows."""

import os
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
    """Hold what `cursor` does within to `longest` seconds and about `largest` bytes."""
    bound = Bound(cursor, longest, largest)
    thread = threading.Thread(target=bound.watch, name="query bounds", daemon=True)
    thread.start()
    try:
        yield bound
    finally:
        bound.done.set()
        thread.join()


def resident() -> int:
    """Bytes of memory the process has; 0 where the system does not tell (there is no /proc)."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
