"""The small System V segment that a PostgreSQL keeps as its interlock, and that outlives a kill -9."""

import ctypes
import ctypes.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_IPC_RMID = 0


@dataclass(frozen=True, slots=True)
class Segment:
    """A System V shared memory segment, by key and id."""

    key: int
    number: int

    @property
    def exists(self) -> bool:
        """Whether the key still leads to this id; a segment that somebody else made since has another."""
        return int(_libc().shmget(self.key, 0, 0)) == self.number

    def remove(self) -> None:
        """Remove it, if it is still there and ours to remove."""
        if self.exists:
            _libc().shmctl(self.number, _IPC_RMID, None)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)


def segments_of(directory: Path) -> Iterator[Segment]:
    """The segments named in the postmaster.pid files one level below `directory`; their seventh line is key and id."""
    for pid_file in directory.glob("*/postmaster.pid"):
        try:
            words = pid_file.read_text().splitlines()[6].split()
        except (OSError, IndexError):
            continue
        if len(words) == 2 and all(word.isdigit() for word in words):
            yield Segment(ctypes.c_int(int(words[0])).value, int(words[1]))
