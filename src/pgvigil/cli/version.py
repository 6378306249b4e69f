"""The version of the installed package, and `pgvigil version`."""

from importlib.metadata import version as installed

import typer

VERSION = installed("pgvigil")


def version() -> None:
    """Print the version."""
    typer.echo(f"pgvigil {VERSION}")
