"""The command line: every command, and the one place where an error becomes a sentence and an exit code."""

import logging
import sys

import typer

from pgvigil.cli.about import openapi, version
from pgvigil.cli.demo import demo
from pgvigil.cli.looking import check, doctor
from pgvigil.cli.serve import serve
from pgvigil.model import PgvigilError

FAILED = 2
"""Exit code of a command that could not do its work; `check` also knows 1, for findings."""

app = typer.Typer(
    name="pgvigil",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Watches PostgreSQL: what it is doing, why it is slow, and what will break next.",
)
store_app = typer.Typer(no_args_is_help=True, help="Look after the store.")
app.add_typer(store_app, name="store")

for command in (serve, demo, check, doctor, openapi, version):
    app.command()(command)


def main() -> None:
    """Run the command line; an error that a user can cause is a sentence on standard error and exit code 2."""
    try:
        app(standalone_mode=True)
    except PgvigilError as error:
        logging.getLogger(__name__).debug("failed", exc_info=True)
        sys.stderr.write(f"pgvigil: {error}\n")
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
