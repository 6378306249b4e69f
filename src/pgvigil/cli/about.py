"""Commands that need neither a server nor a store."""

import json

import typer

from pgvigil.cli.version import VERSION
from pgvigil.serve.app import create_app


def openapi() -> None:
    """Print the OpenAPI document of the API."""
    typer.echo(json.dumps(create_app(None, VERSION).openapi(), indent=2))


def version() -> None:
    """Print the version."""
    typer.echo(f"pgvigil {VERSION}")
