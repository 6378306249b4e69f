"""Debian's PgBouncer in front of a server, in transaction mode unless told otherwise.

def test_x(database, pgbouncer):
    pooler = pgbouncer(database.server)
    with psycopg.connect(database.dsn(port=pooler.port)) as connection: ...
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from pgvigil.sandbox.account import Account
from pgvigil.sandbox.binaries import cache_directory
from pgvigil.sandbox.environment import clean_environment
from pgvigil.sandbox.home import Home
from pgvigil.sandbox.ports import HOST, ReservedPort
from pgvigil.sandbox.server import Server

PROGRAM = "usr/sbin/pgbouncer"
_SETTINGS = {
    "pool_mode": "transaction",
    "auth_type": "scram-sha-256",
    "max_client_conn": "200",
    "default_pool_size": "10",
    "server_idle_timeout": "600",
    # What drivers send at the start and a pooler in transaction mode cannot keep.
    "ignore_startup_parameters": "extra_float_digits,options",
}


class PgBouncer:
    """A running PgBouncer on loopback; users and passwords are those of `server.passwords` when it started."""

    def __init__(self, prefix: Path, server: Server, settings: Mapping[str, str]) -> None:
        self.home = Home("pgbouncer")
        self.server = server
        self._reserved = ReservedPort()
        self.port = self._reserved.number
        self.log = self.home.path / "log"
        self._prefix = readable_by(self.home.account, prefix, self.home.path)
        self._child = self._start({**_SETTINGS, **settings})
        try:
            self._wait_ready()
        except RuntimeError:
            self.remove()
            raise

    def _start(self, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
        directory = self.home.directory("run")
        users = "".join(f'"{name}" "{word}"\n' for name, word in self.server.passwords.items())
        fixed = {"listen_addr": HOST, "listen_port": str(self.port), "unix_socket_dir": "", "auth_file": "users"}
        lines = ["[databases]", f"* = host={HOST} port={self.server.port}", "[pgbouncer]"]
        lines += [f"{name} = {value}" for name, value in {**fixed, **settings}.items()]
        for name, text in (("users", users), ("pgbouncer.ini", "\n".join(lines) + "\n")):
            file = directory / name
            file.touch(mode=0o600)
            file.write_text(text)
            self.home.account.own(file)
        with self.log.open("ab") as log:
            child = subprocess.Popen(
                [self._prefix / PROGRAM, "pgbouncer.ini"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=directory,
                env=environment(self._prefix),
                start_new_session=True,
                **self.home.account.arguments,
            )
        self.home.record(child.pid)
        return child

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._child.poll() is None:
            try:
                socket.create_connection((HOST, self.port), timeout=5).close()
            except ConnectionRefusedError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError(f"PgBouncer did not start:\n{self.log_text()}")

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def remove(self) -> None:
        self._child.send_signal(signal.SIGTERM)  # at once, in PgBouncer's meaning
        self._child.wait(30)
        self.home.remove()
        self._reserved.close()


MakePgBouncer = Callable[..., PgBouncer]


def environment(prefix: Path) -> dict[str, str]:
    """The environment for a program of an unpacked Debian package: its libraries lie in the package's own tree."""
    libraries = [str(path) for path in prefix.glob("usr/lib/*-linux-gnu*")]
    return clean_environment({"LD_LIBRARY_PATH": os.pathsep.join(libraries), "LC_ALL": "C"})


def readable_by(account: Account, prefix: Path, home: Path) -> Path:
    """The unpacked package where the account can run it: in place, or copied beside its data."""
    if account.may_run(str(prefix / PROGRAM), "--version", environment=environment(prefix)):
        return prefix
    shutil.copytree(prefix / "usr", home / "unpacked" / "usr", symlinks=True)
    return home / "unpacked"


def find_pgbouncer() -> Path:
    """The directory that PgBouncer was unpacked in; skips the test where there is none."""
    for prefix in (cache_directory() / "servers" / "pgbouncer", Path("/")):
        if (prefix / PROGRAM).is_file():
            return prefix
    pytest.skip("No PgBouncer here; install it with: make servers (on Linux with apt; there is no other way)")


@pytest.fixture
def pgbouncer() -> Iterator[MakePgBouncer]:
    """A factory `pgbouncer(server, settings={…})` of poolers."""
    made: list[PgBouncer] = []

    def make(server: Server, settings: Mapping[str, str] | None = None) -> PgBouncer:
        made.append(PgBouncer(find_pgbouncer(), server, settings or {}))
        return made[-1]

    yield make
    for pooler in made:
        pooler.remove()
