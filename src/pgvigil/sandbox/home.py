"""A throwaway directory per server, and the sweep that removes what a killed owner left behind.

    <temporary directory>/pgvigil-<uid>/<name>-<random>/state.json   who owns it, what runs in it
                                                       /...          what the server keeps

A home belongs to the process that made it. When that process is gone, the next one that makes a home ends the
processes, removes the shared memory and deletes the files; a home of a living owner, or of another container that
shares the temporary directory, is left alone. The directory of all homes goes with the last of them.
"""

import json
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypedDict

from pgvigil.model import PgvigilError
from pgvigil.sandbox import shared_memory
from pgvigil.sandbox.account import Account, server_account
from pgvigil.sandbox.processes import Process, kill_tree, of, wait_gone, working_in

STATE = "state.json"
_BOOT = Path("/proc/sys/kernel/random/boot_id")  # Linux only
_YOUNG = 60.0  # s: a home without a state file may be one that is being made


class PlaceError(PgvigilError):
    """The system refused a throwaway server its place; the text says where, and in the system's words why."""


@contextmanager
def refusals_told(place: Path) -> Iterator[None]:
    """What the system refuses while something is set up in `place` is a PlaceError."""
    try:
        yield
    except OSError as error:  # shutil's has no words but its own
        words = error.strerror or str(error)
        raise PlaceError(
            f"The sandbox cannot be set up in {place}: {words}. Make that possible there, or set TMPDIR to a directory "
            "where one may write and there is room."
        ) from None


class State(TypedDict):
    """What state.json says."""

    machine: str
    owner: tuple[int, str]
    processes: list[tuple[int, str]]


def _machine() -> str:
    # Pids mean something only within one boot and one pid namespace.
    if not _BOOT.exists():
        return "any"
    boot = _BOOT.read_text().strip()
    return f"{boot} {Path('/proc/self/ns/pid').readlink()}"


def _boot(machine: str) -> str:
    return machine.partition(" ")[0]


def _is_ours(root: Path) -> bool:
    # The temporary directory is everybody's: a directory that another user prepared for us must not be used.
    facts = root.lstat()
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid() and not facts.st_mode & 0o022


def _mode(account: Account) -> int:
    # A borrowed account has to come through, and needs not see what lies there.
    return 0o711 if account.borrowed else 0o700


def _bases(base: Path | None) -> list[Path]:
    if base:
        return [base]
    usual = [Path("/tmp"), Path("/var/tmp")]  # noqa: S108
    try:
        return [Path(tempfile.gettempdir()), *usual]
    except OSError:  # none can be written, or TMPDIR is told from a working directory that was removed
        return usual


def _root_in(base: Path) -> Path:
    return base.resolve() / f"pgvigil-{os.geteuid()}"


def runtime_root(base: Path | None = None) -> Path:
    """The directory that holds our homes, made when missing; `base` stands for the system's temporary directory."""
    account = server_account()
    bases = _bases(base)
    for candidate in bases:
        try:
            if not candidate.is_dir() or not account.may_enter(candidate):
                continue
            root = _root_in(candidate)
            root.mkdir(mode=0o700, exist_ok=True)
            if _is_ours(root):
                root.chmod(_mode(account))  # whatever the umask is, or was when it was made
                return root
        except OSError:
            continue
    listed = ", ".join(str(candidate) for candidate in bases)
    raise PgvigilError(
        f"No temporary directory for a server: the account {account.name} must be able to enter one of {listed}, "
        "and we to write there; set TMPDIR to a directory where that holds."
    )


class Home:
    """One throwaway directory; the processes that run in it are recorded so that a later sweep finds them."""

    def __init__(self, name: str, base: Path | None = None) -> None:
        root = runtime_root(base)
        self.account: Account = server_account()
        self._processes: list[Process] = []
        with refusals_told(root):
            sweep(root)
            self.path = _new_directory(name, base)
            try:
                self.path.chmod(_mode(self.account))
                self._write()
            except OSError:
                self.remove()
                raise

    def directory(self, name: str, mode: int = 0o700) -> Path:
        """A new directory below, owned by the server's account."""
        path = self.path / name
        path.mkdir()
        path.chmod(mode)
        return self.account.own(path)

    def record(self, pid: int) -> Process | None:
        """Remember a process that was started in this home; None when it has ended already."""
        process = of(pid)
        if process is not None:
            self._processes = [*(known for known in self._processes if known.alive), process]
            self._write()
        return process

    def remove(self) -> None:
        """End what still runs in this home and delete it."""
        _clear(self.path, self._processes)
        with suppress(OSError):  # others have their homes there, or were faster
            self.path.parent.rmdir()

    def _write(self) -> None:
        owner = of(os.getpid())
        assert owner is not None  # noqa: S101 - we are running
        state: State = {
            "machine": _machine(),
            "owner": (owner.pid, owner.started),
            "processes": [(process.pid, process.started) for process in self._processes],
        }
        fresh = self.path / f"{STATE}.new"
        fresh.write_text(json.dumps(state))
        fresh.replace(self.path / STATE)


def _new_directory(name: str, base: Path | None) -> Path:
    while True:
        path = runtime_root(base) / f"{name}-{secrets.token_hex(4)}"
        with suppress(FileNotFoundError):  # the last of the other homes took the root with it just now
            path.mkdir(mode=0o700)
            return path


def sweep(root: Path) -> list[Path]:
    """Remove the homes whose owners are gone; returns them."""
    return [home for home in sorted(_homes(root)) if _sweep_one(home)]


def _homes(root: Path) -> list[Path]:
    try:
        return [home for home in root.iterdir() if home.is_dir()]
    except FileNotFoundError:
        return []


def living(name: str, base: Path | None = None) -> list[Path]:
    """Our homes of that name whose owners live; nothing is made or removed."""
    roots = [root for candidate in _bases(base) if _is_there(root := _root_in(candidate))]
    return [home for root in roots for home in _homes(root) if home.name.startswith(f"{name}-") and _has_owner(home)]


def _is_there(root: Path) -> bool:
    try:
        return root.is_dir() and _is_ours(root)
    except OSError:  # gone meanwhile, or in a directory that we may not enter: nothing of ours
        return False


def _has_owner(home: Path) -> bool:
    try:
        state: State = json.loads((home / STATE).read_text())
    except (FileNotFoundError, ValueError):
        return False
    return state["machine"] == _machine() and Process(*state["owner"]).alive


def _sweep_one(home: Path) -> bool:
    try:
        state: State = json.loads((home / STATE).read_text())
    except (FileNotFoundError, ValueError):
        return _sweep_nameless(home)
    here = _machine()
    if state["machine"] == here:
        if Process(*state["owner"]).alive:
            return False
        _clear(home, [Process(*process) for process in state["processes"]])
        return True
    if _boot(state["machine"]) != _boot(here):  # the machine was started anew: files are all that is left
        shutil.rmtree(home, ignore_errors=True)
        return True
    return False


def _sweep_nameless(home: Path) -> bool:
    try:
        age = time.time() - home.stat().st_mtime
    except FileNotFoundError:  # another sweep was faster
        return False
    if age < _YOUNG:
        return False
    _clear(home, [])
    return True


def _all_in(home: Path, recorded: list[Process]) -> Iterator[Process]:
    yield from (process for process in recorded if process.alive)
    yield from working_in(home)


def _clear(home: Path, recorded: list[Process]) -> None:
    segments = list(shared_memory.segments_of(home))
    for _ in range(5):  # a dying postmaster may still have begotten one
        left = list(_all_in(home, recorded))
        for process in left:
            kill_tree(process)
        if wait_gone(left, 10.0) and not left:
            break
    for segment in segments:
        segment.remove()
    shutil.rmtree(home, ignore_errors=True)
