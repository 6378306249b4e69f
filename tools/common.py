"""What the tools share: the checkout's places, stamps, and saying what takes how long. Standard library only."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
VENV = ROOT / ".venv"


class ToolError(Exception):
    """What went wrong and what to do, in a sentence for the console."""


def say(text: str) -> None:
    """Print a line at once, though the output may be a pipe."""
    print(text, flush=True)


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Say what is being done, and afterwards how long it took."""
    say(f"{text} ...")
    begun = time.monotonic()
    yield
    say(f"    done in {time.monotonic() - begun:.1f} s")


def run(command: Sequence[str | Path], *, cwd: Path = ROOT, environment: Mapping[str, str] | None = None) -> str:
    """Run a program and return its output; on failure a ToolError that holds all it said."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise ToolError(f"{command[0]} cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        words = " ".join(str(word) for word in command)
        raise ToolError(f"{words} failed with exit status {done.returncode}:\n{done.stdout.strip()}")
    return done.stdout


def stamped(stamp: Path, content: str) -> bool:
    """Whether `stamp` holds exactly this content: the work it stands for was done."""
    try:
        return stamp.read_text() == content
    except FileNotFoundError:
        return False


def write_stamp(stamp: Path, content: str) -> None:
    """Write a stamp as a whole or not at all."""
    fresh = stamp.with_name(stamp.name + ".new")
    fresh.write_text(content)
    fresh.replace(stamp)


def size(number: float) -> str:
    """Bytes in words: 22.9 MB."""
    return f"{number / 1e6:.1f} MB"


def finish(main: Callable[[], None]) -> None:
    """Run a tool's main function; a ToolError becomes its sentence and exit status 1."""
    try:
        main()
    except ToolError as error:
        say(f"{Path(sys.argv[0]).name}: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def without(*names: str) -> dict[str, str]:
    """The environment less some variables."""
    return {name: value for name, value in os.environ.items() if name not in names}
