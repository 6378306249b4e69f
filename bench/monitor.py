"""pgvigil as a user starts it: `pgvigil serve` in a process of its own."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.load import BenchError
from pgvigil.sandbox.environment import clean_environment

KEY = "a key that only the bench uses"
PGVIGIL = Path(sys.executable).with_name("pgvigil")


@dataclass(frozen=True, slots=True)
class Monitor:
    """A running pgvigil: its pid, the address of its page, its store."""

    pid: int
    url: str
    store: str
    log: Path

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON of a route; raises on an answer that is not a success."""
        answer = httpx.get(f"{self.url}{path}", params=parameters, timeout=30, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def wait_watching(self, targets: int = 1, seconds: float = 60.0) -> list[str]:
        """The names of the targets, once all are watched and have made a pass."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.get("/api/v1/targets")["targets"]
            if len([it for it in found if it["last_pass"] is not None]) >= targets:
                return [it["name"] for it in found]
            time.sleep(0.5)
        raise BenchError(f"pgvigil made no pass in {seconds:.0f} s: {self.log.read_text()[-500:]}")


@contextmanager
def monitor(
    directory: Path, dsns: Sequence[str], environment: Mapping[str, str] | None = None, arguments: Sequence[str] = ()
) -> Iterator[Monitor]:
    """pgvigil watching these servers, with a store in `directory`, until the context ends."""
    directory.mkdir(parents=True, exist_ok=True)
    store, log = f"duckdb://{directory}/pgvigil.db", directory / "log"
    command = [str(PGVIGIL), "serve", *dsns, "--store", store, "--listen", "127.0.0.1:0", *arguments]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=directory,
            env=clean_environment({"PGVIGIL_STORE_KEY": KEY, **(environment or {})}),
        )
    try:
        yield Monitor(process.pid, _address(process, log), store, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"http://\S+", log.read_text()):
            return found[0].rstrip("/")
        time.sleep(0.05)
    raise BenchError(f"pgvigil did not serve: {log.read_text()[-500:]}")
