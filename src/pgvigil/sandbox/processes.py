"""Processes as the sandbox needs them: when one started, what it begot, who works in a directory, and their end.

A pid alone is not a name, for the kernel gives it out again; a pid with its start time is.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pgvigil.sandbox.environment import clean_environment

_PROC = Path("/proc")
_LINUX = _PROC.joinpath("self", "stat").exists()


@dataclass(frozen=True, slots=True)
class Process:
    """One process of the machine: its pid and when it started, in the system's own words."""

    pid: int
    started: str

    @property
    def alive(self) -> bool:
        """True while exactly this process runs; a zombie counts as ended."""
        return started(self.pid) == self.started


def _ps(*arguments: str) -> str:
    environment = clean_environment({"LC_ALL": "C", "TZ": "UTC"})
    return subprocess.run(
        ["ps", *arguments], capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL
    ).stdout


def _stat_fields(pid: int) -> list[str]:
    # The second field is the command in brackets and may hold spaces and brackets itself: split after the last one.
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()


def started(pid: int) -> str | None:
    """When the process `pid` started: clock ticks since boot on Linux, a date elsewhere; None if there is none."""
    if _LINUX:
        fields = _stat_fields(pid)
        return None if not fields or fields[0] in {"Z", "X"} else fields[19]
    words = _ps("-o", "stat=,lstart=", "-p", str(pid)).split(maxsplit=1)
    return None if len(words) < 2 or words[0].startswith("Z") else words[1].strip()


def of(pid: int) -> Process | None:
    """The process that has this pid now."""
    begun = started(pid)
    return None if begun is None else Process(pid, begun)


def _parents() -> dict[int, int]:
    if _LINUX:
        pids = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
        return {pid: int(fields[1]) for pid in pids if (fields := _stat_fields(pid))}
    pairs = (line.split() for line in _ps("-A", "-o", "pid=,ppid=").splitlines())
    return {int(pair[0]): int(pair[1]) for pair in pairs if len(pair) == 2}


def descendants(pid: int) -> list[Process]:
    """All processes begotten by `pid`, children before grandchildren, itself not among them."""
    parents = _parents()
    family = [pid]
    for elder in family:
        family.extend(child for child, parent in parents.items() if parent == elder and child not in family)
    return [found for member in family[1:] if (found := of(member)) is not None]


def working_in(directory: Path) -> list[Process]:
    """The processes whose working directory is `directory` or lies below (Linux; elsewhere none are found)."""
    found = []
    for entry in _PROC.iterdir() if _LINUX else ():
        try:
            place = Path((entry / "cwd").readlink()) if entry.name.isdigit() else None
        except OSError:  # ended meanwhile, or not ours to look at
            continue
        if place is not None and place.is_relative_to(directory) and (process := of(int(entry.name))):
            found.append(process)
    return found


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back Ctrl-C and its like until a process that is being started is known: nobody would end it else."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: handler for number in ending if callable(handler := signal.getsignal(number))}
    for number in before:
        signal.signal(number, lambda sent, _: came.append(sent))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for sent in came:
            signal.raise_signal(sent)


def send(process: Process, sent: signal.Signals) -> bool:
    """Send a signal if exactly this process still runs; says whether it was sent."""
    if not process.alive:
        return False
    try:
        os.kill(process.pid, sent)
    except ProcessLookupError:
        return False
    return True


def kill_tree(root: Process) -> None:
    """SIGKILL for a process and everything it begot, at once; it cannot fork in between, for it is stopped first."""
    if not send(root, signal.SIGSTOP):
        return
    for member in [*descendants(root.pid), root]:
        send(member, signal.SIGKILL)


def wait_gone(processes: Iterable[Process], seconds: float) -> bool:
    """Wait until all have ended; False when one still runs after `seconds`."""
    left = list(processes)
    deadline = time.monotonic() + seconds
    while (left := [process for process in left if process.alive]) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not left
