"""`pgvigil openapi`: the contract of the API."""

import json

import typer

from pgvigil.cli.version import VERSION
from pgvigil.serve.app import create_app


def openapi() -> None:
    """Print the OpenAPI document of the API."""
    typer.echo(json.dumps(create_app(None, VERSION).openapi(), indent=2))
