"""Standard output as the commands write to it: what fails there is told apart from what fails anywhere else."""

import io
import os
import sys
from typing import Any

import typer

from pgvigil.model import PgvigilError


class OutputError(PgvigilError):
    """What was asked for could not be printed."""


class StdoutError(OSError):
    """A write to standard output that failed; a full disk below the store has the same number, and is not this."""


class _Stdout(io.RawIOBase):
    """The file of standard output; it stays open when this goes."""

    def __init__(self, handle: int) -> None:
        super().__init__()
        self._handle = handle

    def fileno(self) -> int:
        return self._handle

    def isatty(self) -> bool:
        return os.isatty(self._handle)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        try:
            return os.write(self._handle, data)
        except OSError as error:
            raise StdoutError(error.errno, error.strerror) from None


def set_up_output() -> None:
    """Make the standard streams ours: what fails is a StdoutError, and one that is closed is like one that fails.

    What the locale cannot write is told by its number. A stream that somebody put in place of the process's is theirs.
    """
    if sys.stdout is None:
        # Kept from what is opened next, such as the store, which would be written into by whoever prints.
        sys.stdout = _text(os.open(os.devnull, os.O_RDONLY), "utf-8", by_line=False)
    elif sys.stdout is sys.__stdout__ and isinstance(sys.stdout, io.TextIOWrapper):
        by_line = sys.stdout.line_buffering or sys.stdout.write_through
        sys.stdout = _text(sys.stdout.fileno(), sys.stdout.encoding, by_line=by_line)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - until the process ends
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _text(handle: int, encoding: str, *, by_line: bool) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(_Stdout(handle)), encoding=encoding, line_buffering=by_line)


def drop_the_rest() -> None:
    """Let what is still to be written go: it would fail once more when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(line: str, *, nl: bool = True) -> None:
    """Print a line at once, or its beginning; what goes on although nobody reads it any more goes on."""
    try:
        typer.echo(line, nl=nl)
        sys.stdout.flush()
    except StdoutError:
        drop_the_rest()
