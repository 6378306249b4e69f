"""Opening the configured store."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from pgvigil.catalog import Catalog
from pgvigil.cli.config import Config
from pgvigil.cli.settings import SettingError
from pgvigil.sandbox.home import living
from pgvigil.store import Retention, Store, StoreError, open_store
from pgvigil.store.key import find_key
from pgvigil.store.location import locate

SYSTEM = Path("/var/lib/pgvigil")
DEMO = "demo"
"""The name of the homes of demos."""


def store_url(config: Config) -> str:
    """The store's URL: as configured, else below /var/lib/pgvigil, else (an ordinary user's) below ~/.local/state."""
    configured: str | None = config["store.url"]
    return configured or f"duckdb://{_directory() / 'pgvigil.db'}"


def url_to_ask(config: Config, say: Callable[[str], None]) -> str:
    """The URL of the store to ask: a running demo's where none is configured and none is at its usual place."""
    usual = store_url(config)
    if config["store.url"] or locate(usual).file.exists():
        return usual
    for home in living(DEMO):
        say("There is no store of your own yet; the running demo answers.")
        return demo_store(home)
    return usual


def demo_store(home: Path) -> str:
    """The URL of a demo's store."""
    return f"duckdb://{quote(str(home))}/pgvigil.db"


def _directory() -> Path:
    if os.access(SYSTEM if SYSTEM.exists() else SYSTEM.parent, os.W_OK):
        return SYSTEM
    return Path(os.environ.get("XDG_STATE_HOME") or _home() / ".local" / "state") / "pgvigil"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a user id without a name, as in a container
        raise SettingError(
            f"store.url is not set, {SYSTEM} cannot be written, and this user has no home; give "
            "--store duckdb:///absolute/path/pgvigil.db."
        ) from None


def salt(config: Config) -> bytes:
    """A secret of the store's own for the markers of what is hidden: the same as long as its key is.

    To be asked for once the store is open, for opening a new one makes its key.
    """
    key = find_key(locate(store_url(config)), config["store.key"]).secret.value
    return hashlib.blake2b(key.encode(), digest_size=16, person=b"pgvigil texts").digest()


@contextmanager
def open_configured(
    config: Config, catalog: Catalog, announce: Callable[[str], None], *, create: bool = True
) -> Iterator[Store]:
    """The configured store, open until the context ends; `announce` is told of a key that was generated.

    With `create` False a store that is not there is an error, and none is made.
    """
    location = locate(store_url(config))
    if not create and not location.file.exists():
        raise StoreError(f"There is no store at {location.file}.")
    retention = Retention(config["store.keep_raw"], config["store.keep_1m"], config["store.keep_1h"])
    store = open_store(store_url(config), config["store.key"], catalog, retention=retention)
    if store.notice:
        announce(store.notice)
    try:
        yield store
    finally:
        store.close()
