"""`pgvigil serve`: watch the configured servers."""

import asyncio

from pgvigil.cli.options import ConfigFile, Dsns, ListenOn, LogLevel, StoreUrl, configuration
from pgvigil.cli.output import say
from pgvigil.cli.serving import run
from pgvigil.cli.settings import SettingError

NOBODY = (
    "There is no server to watch: give its URL (pgvigil serve postgresql://role:password@host/database), "
    "set PGVIGIL_TARGET_DSN, or write a [[target]] into the configuration file."
)


def serve(
    dsns: Dsns = None,
    config: ConfigFile = None,
    store: StoreUrl = None,
    listen: ListenOn = None,
    log_level: LogLevel = None,
) -> None:
    """Watch PostgreSQL servers and serve the page, until stopped."""
    flags = {"store.url": store, "serve.listen": listen, "log.level": log_level}
    found = configuration(config, flags, dsns or ())
    if not found.targets:
        raise SettingError(NOBODY)
    asyncio.run(run(found, say))
