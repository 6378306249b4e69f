"""The peer's programs: Debian's postgres_exporter and Prometheus, as tools/servers.py unpacked them."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from bench.load import BenchError
from pgvigil.sandbox.binaries import cache_directory
from pgvigil.sandbox.environment import clean_environment


def program(package: str, name: str) -> Path:
    """The path of a program; raises with the line that would get it."""
    path = cache_directory() / "servers" / package / "usr" / "bin" / name
    if not path.is_file():
        raise BenchError(f"there is no {name} here; get it with: .venv/bin/python tools/servers.py {package}")
    return path


@contextmanager
def running(
    command: Sequence[str | Path], log: Path, ready: str, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """A program until the context ends, once it answers at the address `ready`; gives its pid."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [os.fspath(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=clean_environment(environment),
        )
    try:
        _wait(process, ready, log)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", ready: str, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(ready, timeout=5, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise BenchError(f"{log.stem} did not start: {log.read_text(errors='replace')[-300:]}")


def used(directory: Path) -> int:
    """Bytes of all files below a directory."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
