"""Makes a counted number of calls of known statements, and remembers when each was made."""

import random
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from pgvigil.sandbox.server import Server

STATEMENTS = 40


@dataclass(frozen=True, slots=True, order=True)
class Who:
    """A role in a database."""

    role: str
    database: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call: between these moments (microseconds); `sure` unless the connection broke before the answer."""

    began: int
    ended: int
    sure: bool


Key = tuple[Who, int]


@dataclass(slots=True)
class Ledger:
    """Every call that was made, by who made it and the number of the statement."""

    calls: dict[Key, list[Call]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, key: Key, call: Call) -> None:
        with self.lock:
            self.calls.setdefault(key, []).append(call)

    @property
    def made(self) -> int:
        with self.lock:
            return sum(len(calls) for calls in self.calls.values())


def statement(number: int) -> sql.Composed:
    return sql.SQL("select count(*) from {}").format(sql.Identifier(f"exact_{number}"))


def microseconds() -> int:
    return time.time_ns() // 1_000


class Caller(threading.Thread):
    """One connection that calls its statements at random moments until told to stop; it comes back when cut off."""

    def __init__(self, server: Server, who: Who, numbers: Iterable[int], ledger: Ledger, seed: int) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._who = who
        self._numbers = list(numbers)
        self._ledger = ledger
        self._chance = random.Random(seed)
        self._ended = threading.Event()
        self._allowed = threading.Event()
        self._allowed.set()
        self._turn = threading.Lock()

    def pause(self) -> None:
        """Call no more; none is under way when this returns."""
        self._allowed.clear()
        with self._turn:
            pass

    def go_on(self) -> None:
        self._allowed.set()

    def end(self) -> None:
        self._ended.set()
        self._allowed.set()

    def call_each_once(self) -> None:
        """Call every statement once, in the caller's place while that pauses, with its plan counted too."""
        with connect(self._server, self._who) as connection:
            connection.execute("set pg_stat_statements.track_planning = on")
            for number in self._numbers:
                self._call(connection, number)

    def run(self) -> None:
        while not self._ended.is_set():
            try:
                with connect(self._server, self._who) as connection:
                    self._call_until_cut(connection)
            except psycopg.OperationalError:
                time.sleep(0.05)

    def _call_until_cut(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        while not self._ended.is_set():
            self._allowed.wait()
            with self._turn:
                if self._allowed.is_set():
                    self._call(connection, self._chance.choice(self._numbers))
            time.sleep(self._chance.expovariate(40.0))

    def _call(self, connection: psycopg.Connection[tuple[object, ...]], number: int) -> None:
        began = microseconds()
        try:
            connection.execute(statement(number))
        except psycopg.Error:
            self._ledger.note((self._who, number), Call(began, microseconds(), sure=False))
            raise
        self._ledger.note((self._who, number), Call(began, microseconds(), sure=True))


def connect(server: Server, who: Who) -> psycopg.Connection[tuple[object, ...]]:
    dsn = server.dsn(who.role, who.database)
    return psycopg.connect(dsn, autocommit=True, connect_timeout=5, prepare_threshold=None)


def queryid(server: Server, who: Who, number: int) -> int:
    """What the server calls the statement."""
    with connect(server, who) as connection:
        lines = connection.execute(sql.SQL("explain (verbose) ") + statement(number)).fetchall()
    found = re.search(r"Query Identifier: (-?\d+)", "\n".join(str(line[0]) for line in lines))
    assert found is not None
    return int(found[1])
