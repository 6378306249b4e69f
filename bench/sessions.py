"""What pg_stat_activity shows of our sessions, looked at five times a second by a superuser of the bench."""

import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import psycopg

from bench.sql import text

LOOK_EVERY = 0.2


class Sessions:
    """Looks in a thread of its own; a context manager."""

    def __init__(self, dsn: str, role: str) -> None:
        self._dsn = dsn
        self._role = role
        self._changes: dict[int, set[float]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sessions", daemon=True)
        self.most = 0
        self.looks = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def parts(self) -> Mapping[int, str]:
        """Of the pids of sessions that stay: `samples` for the one that does something most often, else `passes`."""
        busiest = sorted(self._changes, key=lambda pid: len(self._changes[pid]), reverse=True)
        return {pid: "samples" if place == 0 else "passes" for place, pid in enumerate(busiest)}

    def _run(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True, application_name="bench") as conn:
            while not self._stopping.wait(LOOK_EVERY):
                rows = conn.execute(text("sessions").encode(), {"role": self._role}).fetchall()
                self.looks += 1
                self.most = max(self.most, len(rows))
                for pid, changed in rows:
                    self._changes.setdefault(pid, set()).add(changed)
