"""CPU time and memory of processes, as Linux tells them in /proc.

Backends of our role are found by their title (`postgres: <role> <database> <address> ...`), which costs the watched
server nothing and shows a session from its first moment. Linux only: `supported()` says so elsewhere.
"""

import os
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

LOOK_EVERY = 0.005
"""Seconds between two looks for new and at short-lived backends: what one spends after the last look is lost."""

SETTLED = 20.0
"""Seconds after which a backend counts as one that stays, and is read only when asked for."""

_TITLE = b"postgres: "
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def supported() -> str | None:
    """Why this cannot be measured here, or None."""
    if not sys.platform.startswith("linux"):
        return "Linux only"
    return None if Path("/proc/self/schedstat").exists() else "this kernel has no /proc/<pid>/schedstat"


@dataclass(slots=True)
class Backend:
    """One server process of ours: `cpu` is the seconds it spent so far, `began` and `ended` moments of our clock."""

    pid: int
    began: float
    cpu: float = 0.0
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of CPU by backend at a moment; those that ended keep their last figure."""

    at: float
    by_pid: Mapping[tuple[int, float], float]
    short: frozenset[tuple[int, float]] = field(default_factory=frozenset)

    def since(self, before: "Spent") -> Mapping[int, float]:
        """Seconds of CPU spent between two looks, by pid; under 0 together those of backends that come and go."""
        found: dict[int, float] = {0: 0.0}
        for key, cpu in self.by_pid.items():
            pid = 0 if key in self.short else key[0]
            found[pid] = found.get(pid, 0.0) + cpu - before.by_pid.get(key, 0.0)
        return found


class Backends:
    """Watches the backends of one role below a postmaster, in a thread; a context manager."""

    def __init__(self, postmaster: int, role: str) -> None:
        self._postmaster = postmaster
        self._role = role.encode()
        self._lock = threading.Lock()
        self._known: dict[tuple[int, float], Backend] = {}
        self._undecided: dict[int, float] = {}
        self._last_pid = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="backends", daemon=True)
        self.most = 0
        """Most of them that were seen at once."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def spent(self) -> Spent:
        """What each of them spent so far."""
        with self._lock:
            now = time.monotonic()
            for backend in self._known.values():
                _read(backend, now)
            short = frozenset(
                key for key, it in self._known.items() if it.ended is not None and it.ended - it.began < SETTLED
            )
            return Spent(now, {key: it.cpu for key, it in self._known.items()}, short)

    def _run(self) -> None:
        # The last pid first: a process that starts between the two would be in neither the other way round.
        self._last_pid = _last_pid()
        for pid in _all_pids():
            self._undecided[pid] = time.monotonic()
        while not self._stopping.wait(LOOK_EVERY):
            with self._lock:
                self._look(time.monotonic())

    def _look(self, now: float) -> None:
        last = _last_pid()
        fresh = range(self._last_pid + 1, last + 1) if last >= self._last_pid else _all_pids()
        self._last_pid = last
        for pid in fresh:
            self._undecided.setdefault(pid, now)
        for pid, seen in list(self._undecided.items()):
            self._decide(pid, seen, now)
        alive = 0
        for backend in self._known.values():
            if backend.ended is None and now - backend.began < SETTLED:
                _read(backend, now)
            alive += backend.ended is None
        self.most = max(self.most, alive)

    def _decide(self, pid: int, seen: float, now: float) -> None:
        title = _title(pid)
        words = title.removeprefix(_TITLE).split()
        if title.startswith(_TITLE) and len(words) >= 3 and b"(" in words[2]:
            del self._undecided[pid]
            if words[0] == self._role and _parent(pid) == self._postmaster:
                self._known[pid, seen] = Backend(pid, seen)
        elif now - seen > 1.0 or (title and b"postgres" not in title):
            del self._undecided[pid]


def _read(backend: Backend, now: float) -> None:
    if backend.ended is not None:
        return
    try:
        backend.cpu = int(Path(f"/proc/{backend.pid}/schedstat").read_text().split()[0]) / 1e9
    except (FileNotFoundError, ProcessLookupError):
        backend.ended = now


def _last_pid() -> int:
    return int(Path("/proc/loadavg").read_text().split()[-1])


def _all_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - pathlib makes objects of all


def _title(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0")
    except OSError:
        return b""


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def process_cpu(pid: int) -> float:
    """Seconds of CPU that all threads of a process spent so far."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / _TICKS


def rss(pid: int) -> float:
    """Resident memory of a process, in MB (10^6 bytes)."""
    return _status(pid, "VmRSS")


def peak_rss(pid: int) -> float:
    """The most that was resident at any time, in MB."""
    return _status(pid, "VmHWM")


def _status(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0
