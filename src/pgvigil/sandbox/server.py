"""A PostgreSQL of our own: made, started, stopped, killed and removed without trace.

It listens on loopback only, on a port of the kernel's choosing, with SCRAM and a random password. Started by root
it runs as an existing unprivileged account; nothing on the machine is changed for it.
"""

import contextlib
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

from pgvigil.model import PgvigilError
from pgvigil.sandbox.binaries import Binaries, find
from pgvigil.sandbox.home import Home, refusals_told
from pgvigil.sandbox.ports import HOST, ReservedPort
from pgvigil.sandbox.processes import Process, kill_tree, uninterrupted, wait_gone, working_in

SUPERUSER = "postgres"
_SOCKET_PATH_LIMIT = 103  # bytes that sun_path holds on macOS; Linux has four more
_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}

Stop = Literal["smart", "fast", "immediate"]

SETTINGS: Mapping[str, str] = {
    "shared_preload_libraries": "pg_stat_statements",
    "track_io_timing": "on",
    "max_connections": "100",
    # Files in the data directory instead of /dev/shm: a container has 64 MB there, and a kill leaves nothing behind.
    "dynamic_shared_memory_type": "mmap",
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_line_prefix": "%m [%p] %q%u@%d %a ",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


class ServerError(PgvigilError):
    """A throwaway server did not do what was asked; the text ends with the last lines of its log."""


class Server:
    """A throwaway PostgreSQL; a context manager that removes it at the end. Its calls block."""

    def __init__(
        self,
        major: int = 18,
        settings: Mapping[str, str] | None = None,
        *,
        binaries: Binaries | None = None,
        base: Path | None = None,
    ) -> None:
        """Prepare a home; `settings` go over SETTINGS, `base` stands for the system's temporary directory."""
        found = binaries or find(major)
        self.major = found.major
        self.home = Home(f"pg{found.major}", base)
        self.account = self.home.account
        self.data = self.home.path / "data"
        self.log = self.home.path / "log"
        self.host = HOST
        self.passwords = {SUPERUSER: secrets.token_urlsafe(18)}
        self.settings = {**SETTINGS, **(settings or {})}
        self._child: subprocess.Popen[bytes] | None = None
        self._process: Process | None = None
        try:
            with refusals_told(self.home.path):
                self.binaries = found.readable_by(self.account, self.home.path)
                self._reserved = ReservedPort()
                self.port = self._reserved.number
                self.socket_directory = self._make_socket_directory()
        except BaseException:  # a Ctrl-C too: copying takes its time
            self.home.remove()
            raise

    @classmethod
    def running(
        cls,
        major: int = 18,
        settings: Mapping[str, str] | None = None,
        *,
        binaries: Binaries | None = None,
        base: Path | None = None,
        initdb: Sequence[str] = (),
    ) -> "Server":
        """A server made, with these options more for initdb, and started; on failure nothing of it stays."""
        with contextlib.ExitStack() as undo:
            server = cls(major, settings, binaries=binaries, base=base)
            undo.callback(server.remove)
            with refusals_told(server.home.path):
                server.initdb(*initdb)
                server.start()
            undo.pop_all()
        return server

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def __repr__(self) -> str:
        return f"<Server {self.binaries.version} port {self.port}>"

    # -- life -------------------------------------------------------------------------------------------------------

    def initdb(self, *options: str) -> None:
        """Make the cluster: UTF-8, C locale, SCRAM for every connection."""
        self.home.directory("data")
        password_file = self.home.account.own(self._private_file("password", self.passwords[SUPERUSER]))
        command = [str(self.binaries.tool("initdb")), "-D", str(self.data), "-U", SUPERUSER, "-A", "scram-sha-256"]
        command += [f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C", "--no-sync", *options]
        with uninterrupted():
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=False,
                cwd=self.data,
                env=self.binaries.environment(),
                stdin=subprocess.DEVNULL,
                **self.account.arguments,
            )
        password_file.unlink()
        if done.returncode != 0:
            raise ServerError(f"initdb of PostgreSQL {self.binaries.version} failed: {done.stdout}{done.stderr}")
        self.configure({})

    def configure(self, settings: Mapping[str, str]) -> None:
        """Change settings in the configuration file; they hold after `reload` or `restart`."""
        self.settings.update(settings)
        sockets = "" if self.socket_directory is None else '"' + str(self.socket_directory).replace('"', '""') + '"'
        fixed = {"listen_addresses": self.host, "port": str(self.port), "unix_socket_directories": sockets}
        lines = [f"{name} = '{_quoted(value)}'\n" for name, value in {**self.settings, **fixed}.items()]
        own = self.data / "pgvigil.conf"
        own.write_text("".join(lines))
        self.account.own(own)
        main = self.data / "postgresql.conf"
        if "pgvigil.conf" not in main.read_text():
            with main.open("a") as file:
                file.write("include 'pgvigil.conf'\n")

    def start(self, seconds: float = 60.0) -> None:
        """Start it and wait until it takes connections."""
        if self.is_running:
            raise ServerError(f"The server on port {self.port} runs already.")
        with self.log.open("ab") as log, uninterrupted():
            self._child = subprocess.Popen(
                [self.binaries.tool("postgres"), "-D", self.data],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data,
                env=self.binaries.environment(),
                start_new_session=True,  # a Ctrl-C at the console is for us, who then stop it in order
                **self.account.arguments,
            )
            self._process = self.home.record(self._child.pid)
        self._wait_ready(seconds)

    def stop(self, mode: Stop = "fast", seconds: float = 60.0) -> None:
        """Stop it: `smart` waits for clients, `fast` sends them away, `immediate` needs a recovery after."""
        if self._child is None or self._child.poll() is not None:
            return
        self._child.send_signal(_SIGNALS[mode])
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ServerError(f"The server on port {self.port} did not stop in {seconds} s ({mode}).") from None

    def kill(self) -> None:
        """SIGKILL for the postmaster and all its children at once, as when the machine dies."""
        if self._child is None:
            return
        if self._process is not None:
            kill_tree(self._process)
        self._child.wait()
        if not wait_gone(working_in(self.data), 10.0):
            raise ServerError(f"Processes of the server on port {self.port} outlived a SIGKILL by 10 s.")

    def restart(self, mode: Stop = "fast") -> None:
        """Stop and start again on the same port."""
        self.stop(mode)
        self.start()

    def reload(self) -> None:
        """Have it read its configuration again (SIGHUP); it does so shortly after."""
        if self._child is not None:
            self._child.send_signal(signal.SIGHUP)

    def remove(self) -> None:
        """End it without ceremony and delete all of it."""
        with contextlib.suppress(ServerError):
            self.stop("immediate", 10.0)
        self.kill()
        self.home.remove()
        self._reserved.close()

    # -- what others need to know -----------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether the postmaster lives."""
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        """The postmaster's pid; raises when it does not run."""
        if self._child is None or not self.is_running:
            raise ServerError(f"The server on port {self.port} does not run.")
        return self._child.pid

    def dsn(
        self,
        user: str = SUPERUSER,
        dbname: str = "postgres",
        *,
        password: str | None = None,
        host: str | None = None,
        port: int | None = None,
    ) -> str:
        """A connection URL with the password in `passwords`; `host` and `port` may be those of a proxy or a socket."""
        secret = self.passwords.get(user, "") if password is None else password
        name, word, place, database = (quote(part, safe="") for part in (user, secret, host or self.host, dbname))
        return f"postgresql://{name}:{word}@{place}:{port or self.port}/{database}"

    def log_text(self) -> str:
        """All that the server wrote into its log."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    # -- inside -----------------------------------------------------------------------------------------------------

    def _private_file(self, name: str, text: str) -> Path:
        path = self.home.path / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def _make_socket_directory(self) -> Path | None:
        longest = self.home.path / "s" / f".s.PGSQL.{self.port}.lock"
        if len(bytes(longest)) > _SOCKET_PATH_LIMIT:
            return None
        return self.home.directory("s", 0o711)

    def _wait_ready(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.is_running:
                raise ServerError(f"PostgreSQL {self.binaries.version} did not start:\n{self._log_tail()}")
            if self._status() == "ready":
                return
            time.sleep(0.02)
        self.kill()
        raise ServerError(f"PostgreSQL {self.binaries.version} was not ready after {seconds} s:\n{self._log_tail()}")

    def _status(self) -> str:
        # The eighth line of postmaster.pid is what pg_ctl waits for; the first guards against a file left by a kill.
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return ""
        return lines[7].strip() if len(lines) > 7 and lines[0] == str(self.pid) else ""

    def _log_tail(self) -> str:
        return "\n".join(self.log_text().splitlines()[-15:])


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")
