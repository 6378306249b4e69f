"""The monitor itself, as a user starts it: `pgvigil serve` in a process of its own.

def test_x(monitor, database):
    running = monitor(database.dsn(MONITOR))
    running.get("/api/v1/targets")
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pgvigil.sandbox.environment import clean_environment

KEY = "a key that only these tests use"
PGVIGIL = Path(sys.executable).with_name("pgvigil")
STRICT = {"PYTHONWARNINGS": "error"}
"""A warning is an error in the processes that tests start, as it is in the tests themselves."""


class Monitor:
    """A running `pgvigil serve`: its address, its store, its log."""

    def __init__(self, directory: Path, dsns: tuple[str, ...], *arguments: str) -> None:
        self.directory = directory
        self.store = f"duckdb://{directory}/pgvigil.db"
        self.log = directory / "log"
        self.arguments = [str(PGVIGIL), "serve", *dsns, "--store", self.store, "--listen", "127.0.0.1:0", *arguments]
        self.process = self._start()
        self.url = self._wait_for_address()

    def _start(self) -> "subprocess.Popen[bytes]":
        environment = clean_environment({**STRICT, "PGVIGIL_STORE_KEY": KEY})
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self.arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=self.directory
            )

    def _wait_for_address(self) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := re.search(r"http://\S+", self.log.read_text()):
                return found[0].rstrip("/")
            time.sleep(0.05)
        raise AssertionError(f"pgvigil did not serve:\n{self.log.read_text()}")

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON of a route; raises on any answer that is not a success."""
        answer = httpx.get(f"{self.url}{path}", params=parameters, timeout=30, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def wait_for(self, what: str, ask: Callable[[], Any], seconds: float = 60) -> Any:
        """Ask until the answer is true; fails with the log."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if answer := ask():
                return answer
            time.sleep(0.2)
        raise AssertionError(f"{what} did not come about in {seconds} s:\n{self.log.read_text()[-4000:]}")

    def sql(self, query: str) -> list[dict[str, Any]]:
        """What `pgvigil sql --format json` answers."""
        done = run_pgvigil("sql", "--store", self.store, "--format", "json", query)
        assert done.returncode == 0, done.stderr
        rows: list[dict[str, Any]] = json.loads(done.stdout)
        return rows

    def kill(self) -> None:
        """SIGKILL, as when the machine dies."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"pgvigil did not stop within 30 s:\n{self.log.read_text()[-4000:]}") from None

    def start_again(self) -> None:
        """Start once more with the same store; the address is another."""
        self.log.write_text("")
        self.process = self._start()
        self.url = self._wait_for_address()


def run_pgvigil(
    *arguments: str, seconds: float = 60, environment: dict[str, str] | None = None, key: str | None = KEY
) -> "subprocess.CompletedProcess[str]":
    """Run a command of the command line to its end."""
    variables = clean_environment({**STRICT, **({"PGVIGIL_STORE_KEY": key} if key else {}), **(environment or {})})
    return subprocess.run(
        [str(PGVIGIL), *arguments],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env=variables,
        stdin=subprocess.DEVNULL,
        cwd=os.environ.get("TMPDIR", "/tmp"),
    )


MakeMonitor = Callable[..., Monitor]


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[MakeMonitor]:
    """A factory of running monitors, each with a store of its own, stopped at the end."""
    made: list[Monitor] = []

    def make(*dsns: str, arguments: tuple[str, ...] = ()) -> Monitor:
        directory = tmp_path / f"monitor{len(made)}"
        directory.mkdir()
        made.append(Monitor(directory, dsns, *arguments))
        return made[-1]

    yield make
    for one in made:
        one.stop()
