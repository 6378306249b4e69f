"""A browser on a running `pgvigil serve` that watches a real server under a small load of known statements.

The fixtures live as long as a module, whose tests must all be synchronous: Playwright keeps an event loop of its own.
"""

import contextlib
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from bench.chromium import LINE, find_chromium, launched
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from fix_monitor import STRICT
from fix_servers import Database, SharedServers, drop_database, new_database
from pgvigil.sandbox.environment import clean_environment

ROOT = Path(__file__).resolve().parent.parent
# Installed with what the page is built with, so that a test run after `make page` needs nothing more.
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
LOAD_SECONDS = 600
"""The load ends by itself, whatever becomes of the test."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    found = find_chromium()
    if found is None:
        pytest.skip(f"No Chromium here; install it with: {LINE}")
    with launched(found) as chromium:
        yield chromium


@dataclass
class Visit:
    """A tab, and what went wrong in it that the reader would not see."""

    page: Page
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)

    def complain(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def violations(self) -> list[str]:
        """What axe finds against the rules of accessibility, a line each."""
        # The page's policy allows no foreign script in the document; the tool's own channel is not bound by it.
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [f"{it['id']}: {node['html']}" for it in found["violations"] for node in it["nodes"]]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """`open_page(url, width=…, theme=…)`: a tab of a fresh profile, with the overview drawn."""
    contexts: list[BrowserContext] = []

    def open_one(url: str, *, width: int = 1440, height: int = 1000, theme: str = "dark") -> Visit:
        scheme: Any = theme
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        context.set_default_timeout(30_000)
        contexts.append(context)
        visit = Visit(context.new_page(), context)
        visit.page.on("console", visit.complain)
        visit.page.on("pageerror", lambda error: visit.complaints.append(f"exception: {error}"))
        visit.page.goto(url)
        return visit

    yield open_one
    for context in contexts:
        context.close()


class Serving:
    """A running `pgvigil serve`."""

    def __init__(self, dsns: Sequence[str], directory: Path) -> None:
        command = [sys.executable, "-m", "pgvigil.cli.main", "serve", "--listen", "127.0.0.1:0"]
        store = f"duckdb://{directory}/pgvigil.db"
        self._process = subprocess.Popen(
            [*command, "--store", store, *dsns],
            env=clean_environment({**STRICT, "PYTHONUNBUFFERED": "1"}),
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._said: SimpleQueue[str] = SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.url = self._wait_for_address()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip())
            self._said.put(line)

    def _wait_for_address(self, seconds: float = 60) -> str:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(Empty):
                if found := re.search(r"http://[\d.:]+/", self._said.get(timeout=0.5)):
                    return found[0]
            if self._process.poll() is not None:
                break
        self.stop()
        raise AssertionError("pgvigil serve gave no address:\n" + "\n".join(self.lines))

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(30)
        self._listener.join(30)
        if self._process.stdout is not None:
            self._process.stdout.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    """`serve(dsn, …)`: a `pgvigil serve` of the test's own."""
    started: list[Serving] = []

    def start(*dsns: str) -> Serving:
        started.append(Serving(dsns, tmp_path))
        return started[-1]

    yield start
    for serving in started:
        serving.stop()


class Load:
    """Sessions that work, sleep and wait for a lock, with statements whose texts the tests know."""

    TABLES = tuple(f"orders_{number:02}" for number in range(22))
    ROUTE = "/naps"
    LONG = "select count(*) from orders_00 where " + " and ".join(f"note <> 'never {n}'" for n in range(40))

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stopping = threading.Event()
        self._until = time.monotonic() + LOAD_SECONDS
        with database.connect() as connection:
            for table in self.TABLES:
                connection.execute(f"create table {table} (id int primary key, note text)".encode())
                connection.execute(f"insert into {table} select n, 'x' from generate_series(1, 50) n".encode())
        parts = (self._work, self._sleep, self._hold, self._wait)
        self._threads = [threading.Thread(target=self._play, args=(part,), daemon=True) for part in parts]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(30)

    def _play(self, part: Callable[[psycopg.Connection[Any]], None]) -> None:
        with self._database.connect() as connection:
            while not self._stopping.is_set() and time.monotonic() < self._until:
                part(connection)

    def _work(self, connection: psycopg.Connection[Any]) -> None:
        for table in self.TABLES:
            connection.execute(f"select sum(id), max(note) from {table} where id > 3".encode())
        connection.execute(self.LONG.encode())
        connection.execute("select count(*) from generate_series(1, 400000)")
        self._stopping.wait(0.1)

    def _sleep(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(f"/*route='{quote(self.ROUTE, safe='')}'*/ select pg_sleep(0.4)".encode())
        self._stopping.wait(0.2)

    def _hold(self, connection: psycopg.Connection[Any]) -> None:
        with connection.transaction():
            connection.execute("update orders_00 set note = 'held' where id = 1")
            self._stopping.wait(1.5)
        self._stopping.wait(0.2)

    def _wait(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute("update orders_00 set note = 'waited for' where id = 1")


@dataclass(frozen=True, slots=True)
class Watched:
    """A served page: `name` is the target under load, `bare` one without pg_stat_statements; `url` is Overview of the
    first, `root` what lies above all pages."""

    root: str
    name: str
    bare: str

    @property
    def url(self) -> str:
        return f"{self.root}overview"


@pytest.fixture(scope="module")
def watched(shared_servers: SharedServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """`pgvigil serve` on a temporary store, watching a database under load and another without the extension."""
    busy, bare = new_database(shared_servers[18]), new_database(shared_servers[18])
    bare.execute("drop extension pg_stat_statements")
    load = Load(busy)
    serving = Serving([busy.dsn(), bare.dsn()], tmp_path_factory.mktemp("serve"))
    try:
        yield Watched(serving.url, busy.name, bare.name)
    finally:
        serving.stop()
        load.stop()
        drop_database(busy)
        drop_database(bare)
