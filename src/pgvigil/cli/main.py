"""The command line: every command, and the one place where an error becomes a sentence and an exit code."""

import importlib
import logging
import os
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from pgvigil.cli.allocators import give_back_soon
from pgvigil.cli.output import OutputError, StdoutError, drop_the_rest, set_up_output
from pgvigil.model import PgvigilError

log = logging.getLogger(__name__)

FAILED = 2
"""Exit code of a command that could not do its work; `check` also knows 1, for findings."""

PRIVATE = 0o077
"""What is taken from all but the owner, of every file: the store's engine makes its log anew after each checkpoint."""

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
    set_up_output()
    try:
        _run()
    except PgvigilError as error:
        _fail(str(error))
    except OSError as error:  # the machine's doing where nobody was there to say more of it
        log.debug("Refused by the system", exc_info=True)
        _fail(f"The system refused{f' {error.filename}' if error.filename else ''}: {error.strerror or error}.")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        os.umask(before)  # whoever calls this from a program of theirs has files of their own to make


def _fail(sentence: str) -> NoReturn:
    sys.stderr.write(f"pgvigil: {sentence}\n")
    sys.exit(FAILED)


def _run() -> None:
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except StdoutError as error:
        drop_the_rest()
        raise OutputError(f"The answer could not be written to standard output: {error.strerror}.") from None


if __name__ == "__main__":
    main()
