"""A part of the bench in a process of its own, which ends with its input."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pgvigil.sandbox.environment import clean_environment

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def child(
    module: str, arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Iterator[tuple["subprocess.Popen[str]", IO[str], IO[str]]]:
    """`python -m module` with its input and output, until the context ends; killed if it does not end by itself."""
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=clean_environment(environment),
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process, process.stdin, process.stdout
        finally:
            process.stdin.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
