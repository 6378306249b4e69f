"""Opening the configured store."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pgvigil.catalog import Catalog
from pgvigil.cli.config import Config
from pgvigil.store import Retention, Store, open_store

SYSTEM = Path("/var/lib/pgvigil")


def store_url(config: Config) -> str:
    """The store's URL: as configured, else below /var/lib/pgvigil, else (an ordinary user's) below ~/.local/state."""
    configured: str | None = config["store.url"]
    return configured or f"duckdb://{_directory() / 'pgvigil.db'}"


def _directory() -> Path:
    if os.access(SYSTEM if SYSTEM.exists() else SYSTEM.parent, os.W_OK):
        return SYSTEM
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "pgvigil"


@contextmanager
def open_configured(
    config: Config, catalog: Catalog, announce: Callable[[str], None], *, read_only: bool = False
) -> Iterator[Store]:
    """The configured store, open until the context ends; `announce` is told of a key that was generated."""
    retention = Retention(config["store.keep_raw"], config["store.keep_1m"], config["store.keep_1h"])
    store = open_store(store_url(config), config["store.key"], catalog, read_only=read_only, retention=retention)
    if store.notice:
        announce(store.notice)
    try:
        yield store
    finally:
        store.close()
