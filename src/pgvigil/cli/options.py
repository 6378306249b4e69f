"""Options that several commands share, and the configuration they lead to."""

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from pgvigil.cli.config import Config, load

HERE = Path("pgvigil.toml")

Dsns = Annotated[
    list[str] | None,
    typer.Argument(metavar="[DSN]...", help="PostgreSQL servers to watch: postgresql://role:password@host/database"),
]
Dsn = Annotated[str, typer.Argument(metavar="DSN", help="The server: postgresql://role:password@host/database")]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", envvar="PGVIGIL_CONFIG", help="Configuration file  [default: pgvigil.toml, if here]"
    ),
]
StoreUrl = Annotated[
    str | None, typer.Option("--store", metavar="URL", help="Where the store is: duckdb:///path/pgvigil.db")
]
ListenOn = Annotated[
    str | None, typer.Option("--listen", metavar="HOST:PORT", help="Where the page is served: a loopback address")
]
LogLevel = Annotated[str | None, typer.Option("--log-level", help="debug, info, warning or error")]


def configuration(
    file: Path | None,
    flags: Mapping[str, str | None] | None = None,
    dsns: Sequence[str] = (),
    *,
    watching: bool = True,
) -> Config:
    """The configuration of a command, with the log set up as it says."""
    config = load(file=file or _here(), environment=os.environ, flags=flags, dsns=dsns, watching=watching)
    set_up_log(config["log.level"])
    return config


def _here() -> Path | None:
    """The file in the working directory: None also where that directory may not be looked into."""
    try:
        return HERE if HERE.is_file() else None
    except OSError:
        return None


def set_up_log(level: str) -> None:
    """Log to standard error: a line each, with time, level and where it comes from."""
    logging.basicConfig(
        stream=sys.stderr, level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
