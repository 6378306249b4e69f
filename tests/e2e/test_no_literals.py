"""What stands in a literal at a server is nowhere: not in the store, its files, logs, answers, stream and backup.

One run for all tests here: servers of 14 and 18, watched by one `pgvigil serve`, run hundreds of statements with a
token in each place where SQL can hold a literal; then everything is searched for every token.
"""

import os
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psycopg
import pytest

import literals
from e2e.places import Listener, Places, api_answers, asked, store_rows
from fix_monitor import Monitor, run_pgvigil
from fix_servers import MONITOR, Connection, connect, start_prepared
from pgvigil.sandbox.server import Server

SEED = int(os.environ.get("PGVIGIL_SEED", random.randrange(10**6)))
MAJORS = (14, 18)
STATEMENTS = 330
FLIGHT = 14
"""Seconds for which statements stay in flight: longer than the ten seconds after which samples are kept."""

TABLE = "literal.allowed_orders"
"""Names are kept: they, the tag and the application are what the same search has to find."""

TAG = "allowedqueue"
APPLICATION = "allowed app"
ALLOWED = (TABLE, f"job={TAG}", APPLICATION)
LONGEST = 1024
"""track_activity_query_size, by default."""

ASKED = {
    "sql queries": ("json", "select * from queries"),
    "sql sessions": ("csv", "select * from sessions"),
    "sql settings": ("table", "select name, value from settings"),
    "sql errors": ("json", "select * from nothing"),
}


@dataclass(slots=True)
class Secrets:
    """Tokens that were sent to a server in literals, beside those of the cases."""

    tokens: literals.Tokens
    used: list[str] = field(default_factory=list)

    def word(self) -> str:
        """A token with digits."""
        self.used.append(self.tokens.word())
        return self.used[-1]

    def plain(self) -> str:
        """A token of letters alone: what looks like data is masked in tags, so it would prove nothing there."""
        self.used.append("".join(letter for letter in self.tokens.word() if letter.isalpha()))
        return self.used[-1]


def in_flight(secrets: Secrets) -> list[str]:
    """Statements that run for FLIGHT seconds, with tokens where a sample could see them."""
    word, plain, sleep = secrets.word, secrets.plain, f"select pg_sleep({FLIGHT})"
    filler = "x" * LONGEST
    # A cut text that ends, where it is cut, as if it ended in a comment with a tag.
    cut = f"{sleep}, '{filler}"[: LONGEST - 40]
    tag = f"/* job={plain()} "
    cut = f"{cut}{tag}".ljust(LONGEST - 3) + "*/"
    return [
        f"{sleep}, '{word()}'",
        f"{sleep}, '/* job={plain()} */', '{word()}'",
        f"{sleep}, E'it\\'s /* route={plain()} */'",
        f"{sleep}, $$ /* controller={plain()} */ $$ /* hint */",
        f"{sleep}, '/* job={plain()}', 1 -- */",
        f"{sleep} as \"it's\", '/* queue={plain()} */'  ",
        f"/* route='{TAG}' */ {sleep}, '/* action={plain()} */'",
        f"{sleep} /* job={TAG},password={word()} */",
        f"{sleep} -- {word()}",
        f"{sleep}, '{word()} {filler} {word()}'",
        f"{sleep}, '{filler[:-30]}{word()}'",
        f"{cut}{word()}', '{word()}'",
        f"do $do$ begin perform pg_sleep({FLIGHT}), '{word()}', '/* job={plain()} */'; end $do$",
        # Several in one message, as a simple query brings them.
        f"select '{word()}'; select count(*) from {TABLE} where 'x' <> '{word()}'; {sleep}, '{word()}'",
        f"with a as ({sleep}) select count(*) from {TABLE}, a where 'x' = '{word()}'",
    ]


def waiting_in_transaction(secrets: Secrets) -> list[str]:
    """Statements after which a transaction is left open for FLIGHT seconds; some fail."""
    return [
        f"select '{secrets.word()}' /* hint */",
        f"select '/* job={secrets.plain()} */'::int",
        f"select 'never ended /* job={secrets.plain()} */",
        f"create role {TAG} password '{secrets.word()}'",
    ]


def failing(secrets: Secrets) -> list[str]:
    """Statements that the server refuses in its own ways."""
    word = secrets.word
    return [
        f"select '{word()}'::int",
        f"select 1/0, '{word()}'",
        f"selekt '{word()}'",
        f"select '{word()}",
        f"insert into literal.orders (id) values ('{word()}')",
        f"do $$ begin raise exception '{word()}'; end $$",
        f"select * from {word()}_missing where a = '{word()}'",
        f"execute nothing('{word()}')",
        f"copy literal.orders from '/nowhere/{word()}'",
        f"alter role nobody password '{word()}'",
        f"set statement_timeout = '{word()}'",
    ]


class Flight:
    """Sessions that do something for FLIGHT seconds."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._threads: list[threading.Thread] = []

    def run(self, statement: str) -> None:
        def work() -> None:
            with self._connect() as connection:
                connection.execute(statement.encode(), prepare=False)

        self._start(work)

    def run_odd(self, statement: bytes) -> None:
        def work() -> None:
            with connect_odd(self._server) as connection:
                # pg_stat_statements cannot show such a text in another database, nor any other then.
                connection.execute("set pg_stat_statements.track = 'none'")
                connection.execute(statement, prepare=False)

        self._start(work)

    def leave_open(self, statement: str) -> None:
        def work() -> None:
            with self._connect() as connection:
                connection.execute("begin")
                refused(connection, statement)
                self._ended.wait(FLIGHT)

        self._start(work)

    def _start(self, work: Callable[[], None]) -> None:
        self._threads.append(threading.Thread(target=work))
        self._threads[-1].start()

    def _connect(self) -> Connection:
        return connect(self._server, application_name=APPLICATION)

    def __enter__(self) -> Self:
        self._ended = threading.Event()
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join(FLIGHT + 60)


def connect_odd(server: Server) -> Connection:
    return connect(server, ODD, client_encoding="SQL_ASCII", application_name=APPLICATION)


def refused(connection: Connection, statement: str | bytes) -> bool:
    try:
        connection.execute(statement if isinstance(statement, bytes) else statement.encode(), prepare=False)
    except psycopg.Error:
        return True
    return False


def run_case(connection: Connection, case: literals.Case) -> None:
    """Run a case in a transaction that is rolled back."""
    connection.execute("begin")
    if case.sql.startswith("copy ("):
        with connection.cursor() as cursor, cursor.copy(case.sql.encode()) as copied:
            list(copied)
    else:
        connection.execute(case.sql.encode(), prepare=False)
    connection.execute("rollback")


def cases(seed: int) -> list[literals.Case]:
    """As many as two readings of texts bring, another choice for every seed; never without the kinds of their own, nor
    without any form of literal or any place where one may stand."""
    runnable = [case for case in literals.generate(seed) if case.runnable]
    chosen = [case for case in runnable if not case.form]
    pairs = [case for case in runnable if case.form]
    random.Random(seed).shuffle(pairs)
    met: set[str] = set()
    others: list[literals.Case] = []
    for case in pairs:
        fresh = {f"form {case.form}", f"place {case.place}"} - met
        met |= fresh
        (chosen if fresh else others).append(case)
    return chosen + others[: max(0, STATEMENTS - len(chosen))]


ODD = "odd_bytes"
"""A database of no encoding: what stands in it is no UTF-8."""


def odd_bytes(secrets: Secrets) -> list[bytes]:
    """Statements with bytes that are no UTF-8 beside a token; some fail."""

    def word() -> bytes:
        return secrets.word().encode()

    return [
        b"select '\xe9" + word() + b"\xff'",
        b"select E'\xc3\\'" + word() + b"\xe2\x82'",
        b"select '" + word() + b"\xc3', '\xf0\x9f" + word() + b"'",
        b"selekt '\xe9" + word() + b"'",
        b"select '\xe9" + word() + b"\xff'::int",
        b"select '\xe9" + word(),
    ]


def odd_bytes_in_flight(secrets: Secrets) -> list[bytes]:
    sleep = f"select pg_sleep({FLIGHT}), ".encode()
    return [
        sleep + b"'\xe9" + secrets.word().encode() + b"\xff'",
        sleep + b"'\xff /* job=" + secrets.plain().encode() + b"\xe9 */'",
        sleep + b"'\xc3" + secrets.word().encode() + b"' /* \xe9" + secrets.word().encode() + b" */",
        sleep + b"'" + b"\xe9" * LONGEST + secrets.word().encode() + b"'",
    ]


def configured(secrets: Secrets) -> dict[str, str]:
    return {
        "archive_command": f"curl -H token:{secrets.word()} example",
        "primary_conninfo": f"host=a password={secrets.word()}",
        "app.secret": secrets.word(),
    }


@dataclass(frozen=True, slots=True)
class Run:
    """What was searched, and for what."""

    places: Places
    tokens: tuple[str, ...]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    print(f"PGVIGIL_SEED={SEED}")
    secrets = Secrets(literals.Tokens(SEED + 1))
    servers: list[Server] = []
    place = tmp_path_factory.mktemp("literals")
    monitors: list[Monitor] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PGVIGIL_SEED", raising=False)
        try:
            servers += [start_prepared(major, configured(secrets)) for major in MAJORS]
            monitors.append(Monitor(place, tuple(server.dsn(MONITOR) for server in servers), "--log-level", "debug"))
            chosen = cases(SEED)
            places = watch(monitors[0], servers, chosen, secrets, place)
            yield Run(places, (*secrets.used, *(token for case in chosen for token in case.tokens)))
        finally:
            for each in monitors:
                each.stop()
            for server in servers:
                server.remove()


def watch(
    running: Monitor, servers: list[Server], chosen: list[literals.Case], secrets: Secrets, place: Path
) -> Places:
    """Have the statements run and seen, and collect all that came of it."""
    names = [target["name"] for target in running.get("/api/v1/targets")["targets"]]
    running.wait_for("both to be watched", lambda: watched(running))
    places = Places()
    with Listener(running, names) as listener:
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda server: play(server, chosen, secrets), servers))
        running.wait_for("the texts", lambda: all(told(running, name) for name in names), 90)
        running.wait_for("the samples", lambda: sampled(running, len(names)))
        api_answers(running, places)
        asked(running, ASKED, places)
        places.files("files", running.directory)
    places.add("stream", b"".join(listener.heard))
    backup = place / "backup"
    done = run_pgvigil("backup", str(backup), "--store", running.store)
    assert done.returncode == 0, done.stderr
    assert running.stop() == 0
    places.add("log", running.log.read_bytes())
    places.files("files after", running.directory)
    for url, said in ((running.store, "store"), (f"duckdb://{backup}", "backup")):
        for table, text in store_rows(url):
            places.add(f"{said}: {table}", text.encode())
    for server in servers:
        looked(server, places)
    return places


def play(server: Server, chosen: list[literals.Case], secrets: Secrets) -> None:
    with connect(server) as connection:
        connection.execute(literals.SETUP)
        connection.execute(f"create table {TABLE} (id int)".encode())
        connection.execute(f"create database {ODD} encoding 'SQL_ASCII' template template0".encode())
    with Flight(server) as flight:
        for statement in in_flight(secrets):
            flight.run(statement)
        for statement in waiting_in_transaction(secrets):
            flight.leave_open(statement)
        for odd in odd_bytes_in_flight(secrets):
            flight.run_odd(odd)
        with connect_odd(server) as connection:
            assert sum(refused(connection, odd) for odd in odd_bytes(secrets)) == 3
        with connect(server, application_name=APPLICATION) as connection:
            for case in chosen:
                run_case(connection, case)
            assert [text for text in failing(secrets) if not refused(connection, text)] == []
            connection.execute(f"select count(*) from {TABLE} where id = 1".encode())


def watched(running: Monitor) -> bool:
    return all(target["last_pass"] for target in running.get("/api/v1/targets")["targets"])


def told(running: Monitor, name: str) -> bool:
    """Whether every statement that was counted has its text, that of the last one played among them."""
    rows: list[dict[str, Any]] = []
    while True:
        page = running.get(f"/api/v1/targets/{name}/statements", limit=500, offset=len(rows))
        rows += page["rows"]
        if len(rows) >= page["total"]:
            break
    texts = [row["text"] for row in rows]
    return None not in texts and any(f"from {TABLE} where id = $1" in text for text in texts)


def sampled(running: Monitor, targets: int) -> bool:
    """Whether the tag was seen at each, and both databases."""
    tagged = f"select count(distinct target) as n from sessions where tags = 'job={TAG}'"
    places = f"select count(distinct (target, dbid)) as n from sessions where application = '{APPLICATION}'"
    return bool(running.sql(tagged)[0]["n"] == targets and running.sql(places)[0]["n"] == 2 * targets)


def looked(server: Server, places: Places) -> None:
    """What the commands that look without a store say."""
    for arguments in (("check",), ("check", "--json"), ("doctor",)):
        done = run_pgvigil(*arguments, server.dsn(MONITOR))
        places.add(" ".join(arguments), f"{done.stdout}\n{done.stderr}".encode())


SLOW = pytest.mark.slow(reason="texts of hundreds of statements come 200 at a time, every ten seconds")


@pytest.mark.parametrize("seed", [SEED, *range(20)])
def test_every_form_and_every_place_is_among_the_statements(seed: int) -> None:
    chosen = cases(seed)
    runnable = [case for case in literals.generate(seed) if case.runnable]
    assert len(chosen) == STATEMENTS
    assert {case.form for case in chosen} == {case.form for case in runnable}
    assert {case.place for case in chosen} == {case.place for case in runnable}
    assert {case.kind for case in runnable if not case.form} <= {case.kind for case in chosen}


@SLOW
def test_no_token_of_a_literal_is_anywhere(run: Run) -> None:
    assert len(run.tokens) > STATEMENTS
    assert run.places.holding(run.tokens) == []


@SLOW
@pytest.mark.parametrize("allowed", ALLOWED)
@pytest.mark.parametrize("store", ["store", "backup"])
def test_what_may_be_kept_is_found_by_the_same_search(run: Run, store: str, allowed: str) -> None:
    """In the rows of the store and of the backup, and in no file."""
    found = run.places.where(allowed)
    assert [place for place in found if place.startswith(f"{store}: ")]
    assert not [place for place in found if place.startswith("files")]


@SLOW
def test_every_place_was_searched(run: Run) -> None:
    """Each holds what only it can hold."""
    signs = {
        "api": TABLE,
        "stream": '"kind":"sample"',
        "log": "target postgres",
        "files": "pgvigil.db",
        "sql queries": TABLE,
        "sql sessions": APPLICATION,
        "sql settings": "(hidden ",
        "sql errors": "nothing",
        "store: queries": TABLE,
        "store: statements remembered": "Reading(",
        "doctor": "GRANT pg_monitor",
        "check --json": '"findings"',
    }
    assert [place for place, sign in signs.items() if sign.encode() not in run.places.found.get(place, b"")] == []
