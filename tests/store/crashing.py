"""A writer to be killed: appends as fast as it can beside upkeep and checkpoints, and tells every pass it was promised.

Run as a script it waits for a line and forks a writer for each, so that killing one costs no interpreter's start.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import duckdb

from pgvigil.store import Retention, Store, StoreError, maintenance, open_store
from pgvigil.store.location import locate
from pgvigil.store.series import Series
from store.toys import KEY, MINUTE, SECOND, START, batch, calls, catalog

SHORT = Retention(raw=2 * 3_600, minutes=5 * 3_600)
STEP = MINUTE
"""Between two passes, so that an hour is full after sixty of them, and upkeep keeps up however short each life is."""


def doing(url: str) -> Path:
    """The file that tells what upkeep is at: "checkpoint", "roll up", or nothing."""
    return locate(url).beside(".doing")


class Telling:
    """Tells it, so that it can be read once the writer is dead."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT)
        self._roll = maintenance._roll_up
        maintenance._roll_up = self._told_roll

    @contextmanager
    def that(self, what: str) -> Iterator[None]:
        os.pwrite(self._file, what.ljust(10).encode(), 0)
        yield
        os.pwrite(self._file, b" " * 10, 0)

    def _told_roll(self, cursor: duckdb.DuckDBPyConnection, series: Series, tier: str, since: int, until: int) -> None:
        with self.that("roll up"):
            self._roll(cursor, series, tier, since, until)


def write(url: str) -> None:
    """Append passes for ever, from where the store left off; a line for each that was kept."""
    store = open_store(url, KEY, catalog(), retention=SHORT)
    first = store.query("SELECT coalesce(max(pass_no), 0) FROM passes_raw").rows[0][0] + 1
    at = [first]
    threading.Thread(target=look_after, args=(store, at, Telling(doing(url))), daemon=True).start()
    while True:
        number = at[0]
        ts = START + number * STEP
        told = calls(ts, *((each, 1) for each in range(50)))
        last = [(10, each, number, number * 2.0) for each in range(50)]
        wal = batch("wal", ts, ("wal_bytes",), [(1, False)], number=number, last=[(number,)])
        store.append([replace(told, pass_no=number, last=last), wal])
        print(number, flush=True)
        at[0] += 1


def look_after(store: Store, at: list[int], telling: Telling) -> None:
    """Upkeep at every turn, and checkpoints amid it."""
    while True:
        with suppress(StoreError):
            for _ in range(10):
                store.maintain(START + at[0] * STEP + 90 * SECOND)
            with telling.that("checkpoint"):
                store._engine.checkpoint()


def main() -> None:
    for url in sys.stdin:
        child = os.fork()
        if child == 0:
            write(url.strip())
        print("child", child, flush=True)
        os.waitpid(child, 0)
        print("dead", flush=True)


if __name__ == "__main__":
    main()
