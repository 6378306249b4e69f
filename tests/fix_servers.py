"""Real PostgreSQL servers for tests: one per major shared by the session, and private ones to kill.

@pytest.mark.pg("all")          # or (14, 18); without the mark 18
def test_x(database): ...       # a fresh database on the shared server; database.connect(), database.dsn()

def test_y(private_server):     # its own server, removed afterwards
    server = private_server(settings={"max_connections": "10"})
"""

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from pgvigil.sandbox import binaries
from pgvigil.sandbox.binaries import MAJORS, BinariesMissingError
from pgvigil.sandbox.home import runtime_root
from pgvigil.sandbox.server import SUPERUSER, Server

MONITOR = "pgvigil_monitor"
_SHARED = {"fsync": "off", "full_page_writes": "off"}
_numbers = itertools.count(1)

Connection = psycopg.Connection[tuple[Any, ...]]
MakeServer = Callable[..., Server]


@dataclass(frozen=True, slots=True)
class Database:
    """A database of a test's own, with pg_stat_statements, on a shared server."""

    server: Server
    name: str

    def dsn(self, user: str = SUPERUSER, **place: Any) -> str:
        return self.server.dsn(user, self.name, **place)

    def connect(self, user: str = SUPERUSER, **options: Any) -> Connection:
        return connect(self.server, self.name, user, **options)

    def execute(self, statement: LiteralString, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Run one statement as superuser on a connection of its own; returns its rows, if it has any."""
        with self.connect() as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []


def connect(server: Server, dbname: str = "postgres", user: str = SUPERUSER, **options: Any) -> Connection:
    """A plain connection in autocommit, which the caller closes."""
    return psycopg.connect(server.dsn(user, dbname), autocommit=True, connect_timeout=30, **options)


def prepare(server: Server) -> None:
    """What every test server holds: pg_stat_statements in the database postgres, and the monitor's role."""
    server.passwords[MONITOR] = f"monitor-{server.passwords[SUPERUSER]}"
    with connect(server) as connection:
        connection.execute("create extension if not exists pg_stat_statements")
        password = sql.Literal(server.passwords[MONITOR])
        connection.execute(sql.SQL("create role {} login password {}").format(sql.Identifier(MONITOR), password))
        connection.execute(sql.SQL("grant pg_monitor to {}").format(sql.Identifier(MONITOR)))


def start_prepared(major: int, settings: Mapping[str, str] | None = None, initdb: Sequence[str] = ()) -> Server:
    """A running server as tests expect it; skips the test where the binaries cannot be had."""
    try:
        binaries.find(major)
    except BinariesMissingError as missing:
        pytest.skip(str(missing))
    server = Server.running(major, {**_SHARED, **(settings or {})}, initdb=initdb)
    prepare(server)
    return server


class SharedServers:
    """The servers of the session, each started when it is first asked for."""

    def __init__(self) -> None:
        self._servers: dict[int, Server] = {}

    def __getitem__(self, major: int) -> Server:
        if major not in self._servers:
            self._servers[major] = start_prepared(major)
        return self._servers[major]

    def remove(self) -> None:
        for server in self._servers.values():
            server.remove()


@pytest.fixture(scope="session")
def shared_servers() -> Iterator[SharedServers]:
    servers = SharedServers()
    yield servers
    servers.remove()


@pytest.fixture(scope="session")
def major(request: pytest.FixtureRequest) -> int:
    """The major that this run of the test is for, chosen by the mark `pg`."""
    chosen: int = getattr(request, "param", MAJORS[-1])
    return chosen


@pytest.fixture(scope="session")
def server(major: int, shared_servers: SharedServers) -> Server:
    """The shared server of this major: read, create databases and roles of your own, do not restart or reconfigure."""
    return shared_servers[major]


def new_database(server: Server) -> Database:
    """Create a database with pg_stat_statements on a server."""
    name = f"test_{next(_numbers)}"
    with connect(server) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    with connect(server, name) as connection:
        connection.execute("create extension pg_stat_statements")
    return Database(server, name)


def drop_database(database: Database) -> None:
    """Drop it, sending away whoever is still in it."""
    with connect(database.server) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(database.name)))


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """A fresh database on the shared server."""
    made = new_database(server)
    yield made
    drop_database(made)


@pytest.fixture
def private_server(major: int) -> Iterator[MakeServer]:
    """A factory `private_server(major=…, settings={…})` of running servers that are the test's own."""
    made: list[Server] = []

    def make(major: int = major, settings: Mapping[str, str] | None = None) -> Server:
        made.append(start_prepared(major, settings))
        return made[-1]

    yield make
    for server in made:
        server.remove()


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that the account of the servers may enter, unlike `tmp_path`, whose parents are private."""
    path = Path(tempfile.mkdtemp(prefix="pgvigil-test-", dir=runtime_root().parent))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a server once per major of its mark `pg`."""
    mark = metafunc.definition.get_closest_marker("pg")
    if "major" not in metafunc.fixturenames:
        if mark is not None:
            raise pytest.UsageError(f"{metafunc.definition.nodeid} has the mark pg and uses no server")
        return
    majors = (MAJORS[-1],) if mark is None else MAJORS if mark.args == ("all",) else mark.args
    unknown = set(majors) - set(MAJORS)
    if unknown:
        raise pytest.UsageError(f'pg{mark and mark.args}: allowed are "all" and majors of {MAJORS}')
    metafunc.parametrize("major", majors, ids=[f"pg{each}" for each in majors], indirect=True, scope="session")
