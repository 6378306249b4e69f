"""Commands about the store: ask it, copy it, bring a copy back, give space back."""

import csv
import io
import json
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table as Grid

from pgvigil.catalog import SHIPPED, Catalog, load
from pgvigil.cli.config import Config
from pgvigil.cli.opening import open_configured, store_url, url_to_ask
from pgvigil.cli.options import ConfigFile, StoreUrl, configuration
from pgvigil.cli.patience import patience
from pgvigil.cli.settings import SettingError, text
from pgvigil.model import Secret
from pgvigil.store import Table
from pgvigil.store.asking import ask, ask_for_backup, ask_to_compact
from pgvigil.store.backup import restore as bring_back
from pgvigil.store.key import find_key
from pgvigil.store.location import Location, locate

store = typer.Typer(
    name="store",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Look after the store.",
)


@store.callback()
def about_store() -> None:
    """Look after the store."""


class Format(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def sql(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="One SELECT over the store's tables")],
    url: StoreUrl = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print the answer")] = Format.TABLE,
    config: ConfigFile = None,
) -> None:
    """Ask what was kept; the running pgvigil answers, or the file itself where none runs."""
    found = configuration(config, {"store.url": url}, watching=False)
    _refuse_no_text(query)
    asked, catalog = url_to_ask(found, lambda line: typer.echo(line, err=True)), _catalog(found)
    with patience("asking the store"):
        answer = ask(asked, found["store.key"], catalog, query)
    _PRINTERS[format_](answer)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it; must not exist")],
    url: StoreUrl = None,
    config: ConfigFile = None,
) -> None:
    """Copy the store, encrypted with its own key, also while pgvigil runs."""
    found = configuration(config, {"store.url": url}, watching=False)
    _refuse_from_nowhere(file)
    with patience("copying the store"):
        size = ask_for_backup(store_url(found), file)
        if size is None:
            with open_configured(found, _catalog(found), typer.echo, create=False) as opened:
                size = opened.backup(file.absolute())
    typer.echo(f"{file}: {size / 2**20:.1f} MiB, to be read with the store's key.")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup")],
    url: StoreUrl = None,
    config: ConfigFile = None,
) -> None:
    """Bring a backup back as the store, where there is none; nothing is ever overwritten."""
    found = configuration(config, {"store.url": url}, watching=False)
    location = locate(store_url(found))
    _refuse_from_nowhere(file)
    with patience("bringing the backup back"):
        size = bring_back(file, location, _key_for(location, found["store.key"]))
    typer.echo(f"{location.file}: {size / 2**20:.1f} MiB.")


@store.command()
def compact(url: StoreUrl = None, config: ConfigFile = None) -> None:
    """Give the space back that deleted rows left in the file; nothing new is kept meanwhile, 20 seconds per 100 MB."""
    found = configuration(config, {"store.url": url}, watching=False)
    with patience("compacting the store"):
        sizes = ask_to_compact(store_url(found))
        if sizes is None:
            with open_configured(found, _catalog(found), typer.echo, create=False) as opened:
                sizes = opened.compact()
    typer.echo(f"{sizes[0] / 2**20:.1f} MiB before, {sizes[1] / 2**20:.1f} MiB now.")


def _refuse_no_text(query: str) -> None:
    try:
        text(query)
    except ValueError as error:
        raise SettingError(f"QUERY = {query!r} ({str(error) or 'it is empty'}); allowed: one SELECT.") from None


def _refuse_from_nowhere(file: Path) -> None:
    try:
        file.absolute()
    except OSError as error:  # a working directory that was removed
        raise SettingError(
            f"FILE = {str(file)!r}, and the working directory cannot be told: {error.strerror}; "
            "allowed: an absolute path."
        ) from None


def _catalog(config: Config) -> Catalog:
    return load((*SHIPPED, *config["catalog.packs"]))


def _key_for(location: Location, given: Secret | None) -> Secret:
    """The key a backup was made with: given, or in the key file where the store is to be; never a new one."""
    if given is None and not location.key.exists():
        raise SettingError(
            f"store.key is not set and there is no key file {location.key}; "
            "give the key that the store had when it was backed up."
        )
    return find_key(location, given).secret


def _print_table(answer: Table) -> None:
    grid = Grid(box=None, pad_edge=False)
    numeric = ("INT", "DOUBLE", "FLOAT", "DECIMAL")
    for name, type_ in zip(answer.names, answer.types, strict=True):
        grid.add_column(name, justify="right" if any(word in type_ for word in numeric) else "left", overflow="fold")
    for row in answer.rows:
        grid.add_row(*("-" if value is None else str(value) for value in row))
    Console(markup=False, highlight=False).print(grid)
    typer.echo(f"({len(answer.rows)} row{'s' if len(answer.rows) != 1 else ''})")


def _print_json(answer: Table) -> None:
    json.dump([dict(zip(answer.names, row, strict=True)) for row in answer.rows], sys.stdout)
    sys.stdout.write("\n")


def _print_csv(answer: Table) -> None:
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow(answer.names)
    writer.writerows([["" if value is None else neutral(value) for value in row] for row in answer.rows])
    sys.stdout.write(page.getvalue())


def neutral(value: object) -> object:
    """A text that a spreadsheet would take for a formula, made harmless by a leading apostrophe."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@"} else value


_PRINTERS: dict[Format, Callable[[Table], None]] = {
    Format.TABLE: _print_table,
    Format.JSON: _print_json,
    Format.CSV: _print_csv,
}
