"""The running monitor: store, collectors and page in one process and one event loop."""

import asyncio
import contextlib
import logging
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import uvicorn
from fastapi import FastAPI

from pgvigil.catalog import SHIPPED, Catalog
from pgvigil.catalog import load as load_catalog
from pgvigil.catalog.panels import load_panels
from pgvigil.catalog.rules import load_rules
from pgvigil.catalog.waits import load_waits
from pgvigil.cli.config import Config, TargetConfig
from pgvigil.cli.opening import open_configured, salt
from pgvigil.cli.patience import patience
from pgvigil.cli.settings import Listen, SettingError
from pgvigil.cli.version import VERSION
from pgvigil.collect import Collector, Options
from pgvigil.model import Target, places
from pgvigil.serve.app import create_app
from pgvigil.serve.watch import Watch
from pgvigil.store import Store, StoreError
from pgvigil.store.answering import Answering
from pgvigil.store.writer import Writer

log = logging.getLogger(__name__)

MAINTENANCE = 10.0
"""Seconds between two looks of the store at what has to be rolled up or dropped."""

BREATH = 0.1
"""Seconds between two steps of that."""

REPEAT = 300.0
"""Seconds between two log lines about upkeep that fails."""

GRACE = 2
"""Seconds that an open request may take once the server stops."""


def clock() -> int:
    """Now, in microseconds since the epoch."""
    return time.time_ns() // 1000


class PageServer(uvicorn.Server):
    """uvicorn, with signals left to us: it would end the process before the store is closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


def bind(listen: Listen) -> socket.socket:
    """A listening socket; a port in use is the user's to solve, so the error says how."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    try:
        return _listening(family, listen)
    except OSError as error:
        raise SettingError(
            f"serve.listen = {listen} cannot be used: {error.strerror}; "
            "give another address or port with --listen; port 0 takes a free one."
        ) from None


def _listening(family: int, listen: Listen) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((listen.host, listen.port))
        # From here on who asks is answered as soon as we can, instead of being refused.
        bound.listen()
    except BaseException:
        bound.close()
        raise
    return bound


def address(bound: socket.socket) -> str:
    """The page's address."""
    host, port = bound.getsockname()[:2]
    return f"http://{Listen(host, port)}/"


def make_target(store: Store, config: TargetConfig) -> Target:
    """The target with the number that the store knows it by."""
    number = store.target_id(config.name, config.cpus, config.labels)
    return Target(number, config.name, config.dsn, config.cpus, config.labels, config.sslmode, config.sslrootcert)


@asynccontextmanager
async def collecting(
    config: Config, catalog: Catalog, store: Store, writer: Writer
) -> AsyncIterator[Sequence[Collector]]:
    """Collectors of all targets, running until the context ends."""
    options = Options(
        salt=salt(config), allowed_tags=frozenset(config["collect.tags"]), budget=config["collect.budget"] / 100
    )
    targets = [make_target(store, target) for target in config.targets]
    watchers = [Collector(target, catalog, writer, options) for target in targets]
    tasks = [asyncio.create_task(watcher.run(), name=watcher.target.name) for watcher in watchers]
    try:
        yield watchers
    finally:
        await asyncio.gather(*(watcher.stop() for watcher in watchers))
        await asyncio.gather(*tasks)


async def maintain(writer: Writer) -> None:
    """Roll up, rewrite and drop, a little at a time, for ever."""
    told_at = -REPEAT
    while True:
        await asyncio.sleep(MAINTENANCE)
        try:
            while await writer.maintain(clock()):  # noqa: ASYNC110 - work, not waiting: a breath between two steps
                await asyncio.sleep(BREATH)
        except StoreError as error:
            if time.monotonic() - told_at >= REPEAT:
                told_at = time.monotonic()
                log.warning("%s", error)
        except Exception as mistake:  # noqa: BLE001 - an outer loop: without it the store would grow for ever
            for place in places(mistake):
                log.error("a mistake in pgvigil while tidying up the store: %s", place)  # noqa: TRY400


@asynccontextmanager
async def writing(store: Store) -> AsyncIterator[Writer]:
    """The store's writer, until the context ends: then it writes what it holds."""
    writer = Writer(store)
    try:
        yield writer
    finally:
        await writer.close()


@asynccontextmanager
async def maintaining(writer: Writer) -> AsyncIterator[None]:
    """The same, until the context ends."""
    task = asyncio.create_task(maintain(writer), name="maintain")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def serve_page(app: FastAPI, bound: socket.socket, stopping: asyncio.Event) -> None:
    """Serve the page until `stopping` is set."""
    server = PageServer(
        uvicorn.Config(app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=GRACE)
    )

    async def stop() -> None:
        await stopping.wait()
        server.should_exit = True

    stopper = asyncio.create_task(stop())
    try:
        await server.serve(sockets=[bound])
    finally:
        stopper.cancel()


def ending_signals() -> list[signal.Signals]:
    """Ctrl-C, SIGTERM, and the terminal's end unless `nohup` says otherwise."""
    hangup = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    return [signal.SIGINT, signal.SIGTERM, *hangup]


def stop_on_signals(stopping: asyncio.Event) -> None:
    """Set `stopping` on whatever shall end us."""
    loop = asyncio.get_running_loop()
    for number in ending_signals():
        loop.add_signal_handler(number, stopping.set)


async def run(config: Config, announce: Callable[[str], None], stopping: asyncio.Event | None = None) -> None:
    """Watch every target of `config` and serve the page until stopped; `announce` is told the address."""
    stopping = stopping or asyncio.Event()
    stop_on_signals(stopping)
    packs = (*SHIPPED, *config["catalog.packs"])
    catalog = load_catalog(packs)
    rules, panels, waits = load_rules(catalog, packs), load_panels(catalog, packs), load_waits(packs)
    bound = bind(config["serve.listen"])
    async with AsyncExitStack() as stack:
        stack.callback(bound.close)
        with patience("opening the store"):
            store = stack.enter_context(open_configured(config, catalog, announce))
        writer = await stack.enter_async_context(writing(store))
        stack.callback(Answering(store).close)
        watchers = await stack.enter_async_context(collecting(config, catalog, store, writer))
        await stack.enter_async_context(maintaining(writer))
        by_name = {it.target.name: it for it in watchers}
        watch = Watch(store, catalog, rules, panels, waits, by_name, clock, VERSION, lambda: writer.state)
        announce(f"pgvigil watches {', '.join(watch.watchers) or 'nothing'}: {address(bound)}")
        await serve_page(create_app(watch, VERSION), bound, stopping)
