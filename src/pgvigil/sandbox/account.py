"""The account that a server runs as: ourselves, or an existing unprivileged one where we are root.

PostgreSQL and PgBouncer refuse to run as root. Nothing is created or opened up for them: an account that the
system already has is borrowed, and what it needs is put where it may read.
"""

import os
import pwd
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict

from pgvigil.model import PgvigilError
from pgvigil.sandbox.environment import clean_environment

_PREFERRED = ("nobody", "daemon", "bin", "games", "www-data")


class As(TypedDict, total=False):
    """The arguments of `subprocess` that start a child as an account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the system; `borrowed` when we are root and it is not."""

    name: str
    uid: int
    gid: int
    borrowed: bool

    @property
    def arguments(self) -> As:
        """What `subprocess` is to be given so that a child runs as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.borrowed else {}

    def own(self, path: Path) -> Path:
        """Give a file or directory that we made to this account."""
        if self.borrowed:
            os.chown(path, self.uid, self.gid)
        return path

    def may_run(self, *command: str, environment: dict[str, str] | None = None) -> bool:
        """Whether this account can start `command` and it ends well: asked of the system, not computed from modes."""
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                cwd="/",
                env=environment or clean_environment(),
                timeout=60,
                **self.arguments,
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return done.returncode == 0

    def may_enter(self, directory: Path) -> bool:
        """Whether this account can change into a directory."""
        return self.may_run("/bin/sh", "-c", 'cd "$1"', "sh", str(directory))


def _candidates() -> Iterator[pwd.struct_passwd]:
    entries = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    yield from (entries.pop(name) for name in _PREFERRED if name in entries)
    yield from entries.values()


@cache
def server_account() -> Account:
    """The account for servers; raises when we are root and no other account can start a process."""
    uid, gid = os.geteuid(), os.getegid()
    if uid != 0:
        return Account(str(uid), uid, gid, borrowed=False)
    for entry in _candidates():
        account = Account(entry.pw_name, entry.pw_uid, entry.pw_gid, borrowed=True)
        if account.may_run("/bin/sh", "-c", ":"):
            return account
    raise PgvigilError(
        "PostgreSQL does not run as root, and this system has no other account that can start a process "
        "(/etc/passwd holds none but root); start pgvigil as an ordinary user."
    )
