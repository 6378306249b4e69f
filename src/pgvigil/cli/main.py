"""The command line: every command, and the one place where an error becomes a sentence and an exit code."""

import errno
import importlib
import io
import os
import sys
from collections.abc import Mapping
from typing import Any

import typer
from typer.core import TyperGroup

from pgvigil.cli.allocators import give_back_soon
from pgvigil.model import PgvigilError

FAILED = 2
"""Exit code of a command that could not do its work; `check` also knows 1, for findings."""

PRIVATE = 0o077
"""What is taken from all but the owner, of every file: the store's engine makes its log anew after each checkpoint."""

NOT_WRITTEN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE})
"""Ways in which standard output can fail."""


class OutputError(PgvigilError):
    """What was asked for could not be printed."""


COMMANDS: Mapping[str, str] = {
    "serve": "serve",
    "demo": "demo",
    "check": "looking",
    "doctor": "looking",
    "sql": "keeping",
    "backup": "keeping",
    "restore": "keeping",
    "store": "keeping",
    "openapi": "about",
    "version": "version",
}
"""Each command and the module of this package that holds it: imported when it is asked for, since all of them
together take more than a second to import."""


class Commands(TyperGroup):
    """The commands of COMMANDS."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Their names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - typer keeps its types to itself
        """The command of a name, its module imported now."""
        if cmd_name not in COMMANDS:
            return None
        found = getattr(importlib.import_module(f"pgvigil.cli.{COMMANDS[cmd_name]}"), cmd_name)
        if isinstance(found, typer.Typer):
            return typer.main.get_command(found)
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(cmd_name)(found)
        return typer.main.get_command(alone)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def pgvigil() -> None:
    """Watches PostgreSQL: what it is doing, why it is slow, and what will break next."""


def main() -> None:
    """Run the command line; an error that a user can cause is a sentence on standard error and exit code 2."""
    give_back_soon()
    before = os.umask(PRIVATE)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what the locale cannot write is told by its number
            stream.reconfigure(errors="backslashreplace")
    try:
        _run()
    except PgvigilError as error:
        sys.stderr.write(f"pgvigil: {error}\n")
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        os.umask(before)  # whoever calls this from a program of theirs has files of their own to make


def _run() -> None:
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.errno not in NOT_WRITTEN:
            raise
        # Whatever is still to be written would fail once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"The answer could not be written to standard output: {error.strerror}.") from None


if __name__ == "__main__":
    main()
