"""Kind to the customer's server: what the monitor leaves in its log, its pg_stat_statements and its sessions."""

import asyncio
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pgparse  # type: ignore[import-not-found]
import pytest
from psycopg import sql

from fix_monitor import MakeMonitor, Monitor
from fix_servers import MONITOR, Connection, MakeServer, connect
from logged import OURS, told_fingerprints
from pgvigil.catalog import load
from pgvigil.catalog.types import Takes
from pgvigil.collect.asking import load as load_of_passes
from pgvigil.pg.queries import load as load_of_pg
from pgvigil.pg.values import LIMITS_MS
from pgvigil.sandbox.server import Server
from probing import probing

PASSES = 4
EACH_PASS = 10
"""Seconds between two turns of a probe that every pass asks."""

DATABASES = ("visited_one", "visited_two")
SESSIONS = 3
"""Two, and one that visits the databases."""

BESIDE = {
    **{f"pg: {name}": load_of_pg(name) for name in ("handshake", "server", "roles", "extensions", "columns")},
    **{f"pg: {name}": load_of_pg(name) for name in ("settings", "identity", "tables")},
    **{f"collect: {name}": load_of_passes(name) for name in ("heartbeat", "slots", "locks", "databases")},
}
"""What is asked beside the probes: the first word on a connection, what the server is, the heartbeat, how many places
are free, whether anybody waits for a lock, which databases there are to visit."""

FRAMES = (
    r"begin read only",
    r"rollback",
    r"set local lock_timeout = ('50ms'|\$1)",
    r"set local search_path = (pg_catalog|\$1), pg_temp",
    *(rf"set local statement_timeout = ('{limit}ms'|\$1)" for limit in LIMITS_MS),
)
"""What stands around a question. Until 17 each text of a SET counts by itself: a limit for each deadline that a request
may have."""


def passes(running: Monitor) -> float:
    """When the latest pass was kept."""
    return float(running.get("/api/v1/targets")["targets"][0]["last_pass"] or 0)


def after_passes(running: Monitor, count: int) -> None:
    for _ in range(count):
        before = passes(running)
        running.wait_for("another pass", lambda before=before: passes(running) > before, 90)  # type: ignore[misc]


def prepare(server: Server) -> None:
    with connect(server) as connection:
        for name in DATABASES:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


def complaints(server: Server) -> list[str]:
    """Lines of the server's log about us that somebody would have to read."""
    words = (" WARNING: ", " ERROR: ", " FATAL: ", " PANIC: ")
    return [line for line in server.log_text().splitlines() if OURS.search(line) and any(w in line for w in words)]


class Census:
    """The most sessions of ours that were ever seen at a time, those on their way in included."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.most = 0
        self.counts = 0

    def count(self) -> None:
        query = (
            "select count(*) from pg_stat_get_activity(null) a join pg_roles r on r.oid = a.usesysid where rolname = %s"
        )
        found = self._connection.execute(query, (MONITOR,)).fetchone()
        self.most = max(self.most, found[0] if found else 0)
        self.counts += 1


@contextmanager
def counting(server: Server) -> Iterator[Census]:
    ended = threading.Event()
    with connect(server) as connection:
        census = Census(connection)

        def count() -> None:
            while not ended.is_set():
                census.count()
                time.sleep(0.05)

        thread = threading.Thread(target=count)
        thread.start()
        try:
            yield census
        finally:
            ended.set()
            thread.join()


def entries(server: Server) -> dict[tuple[int, int, bool], str]:
    """What pg_stat_statements holds of ours, by database, queryid and whether it was asked by a client."""
    query = """
        select s.dbid, s.queryid, s.toplevel, s.query from pg_stat_statements s join pg_roles r on r.oid = s.userid
        where r.rolname = %s
    """
    with connect(server) as connection:
        return {tuple(key): text for *key, text in connection.execute(query, (MONITOR,)).fetchall()}


def known_questions(server: Server) -> tuple[dict[str, str], set[str]]:
    """By its structure what may be asked of this server, and the names of the probes that are due in every pass."""

    async def ask() -> tuple[dict[str, str], set[str]]:
        async with probing(server.dsn(MONITOR), load()) as prober:
            seen = {name: probe for name, probe in prober.catalog.probes.items() if name not in prober.invisible()}
            texts = [*((name, prober.sql(name)) for name in seen), *BESIDE.items()]
            known = {structure(text): name for name, text in texts}
            assert len(known) == len(texts)
            at_need = {
                name for name, probe in seen.items() if probe.when is not None or probe.takes is not Takes.NOTHING
            }
            due = {name for name, probe in seen.items() if probe.every is not None and probe.every <= EACH_PASS}
            return known, due - at_need

    return asyncio.run(ask())


def structure(text: str) -> str:
    """The same for two texts that differ in constants, comments and spaces alone."""
    return str(pgparse.fingerprint(text))


def is_question(text: str) -> bool:
    return re.match(r"\s*(--[^\n]*\n\s*)*(select|with)\b", text, re.IGNORECASE) is not None


def frame_of(text: str) -> str:
    """Which frame it is; fails where it is none."""
    found = [frame for frame in FRAMES if re.fullmatch(frame, text, re.IGNORECASE)]
    assert found, text
    return found[0]


@pytest.mark.slow(reason="waits for five passes, one every ten seconds")
@pytest.mark.pg(14, 15, 18)  # 15 counts each text of a SET by itself
def test_a_server_is_not_bothered(monitor: MakeMonitor, private_server: MakeServer) -> None:
    server = private_server()
    prepare(server)
    with counting(server) as census:
        running = monitor(server.dsn(MONITOR))
        after_passes(running, 2)
        early = entries(server)
        after_passes(running, PASSES - 1)
        late = entries(server)
    assert complaints(server) == []
    assert census.most <= SESSIONS
    assert census.counts > PASSES

    questions = {queryid: text for (_, queryid, _), text in late.items() if is_question(text)}
    assert len(questions) >= len(load().probes) // 2, questions
    known, due = known_questions(server)
    asked = [(dbid, known.get(structure(text), text)) for (dbid, *_), text in late.items() if is_question(text)]
    assert {name for _, name in asked} - set(known.values()) == set(), "questions that nobody knows"
    assert [each for each, count in Counter(asked).items() if count > 1] == [], "several entries of one question"
    assert due - {name for _, name in asked} == set(), "questions that were not asked"
    around = [(dbid, frame_of(text)) for (dbid, *_), text in late.items() if not is_question(text)]
    assert [each for each, count in Counter(around).items() if count > 1] == []
    # Nothing about a question changes from pass to pass, so a database that was looked at twice has no more entries of
    # what every pass asks; of what is due once a minute, or asked at need, a later pass may have been the first.
    first = {(dbid, known[structure(text)]) for (dbid, *_), text in early.items() if is_question(text)}
    added = {(dbid, name) for dbid, name in set(asked) - first if name in due and dbid in {dbid for dbid, _ in first}}
    assert added == set()
    texts = [text for (dbid, *_), text in late.items() if is_question(text) and dbid == next(iter(late))[0]]
    assert len(texts) == len(set(texts))
    assert "Traceback" not in running.log.read_text()


BROKEN = {
    "privilege": b"revoke execute on function pg_catalog.pg_stat_get_activity(integer) from public",
    "tablespace": b"alter function public.pg_stat_statements(boolean) set default_tablespace = 'nowhere'",
}
"""By a word of what is told: the sessions, which are asked every second, and the statements."""

HELD = 45.0
"""Seconds: with a rest of ten seconds, or of one that only doubles, a question would fail more than once."""


@pytest.mark.slow(reason="a question has to fail long enough to tell one line from several")
def test_what_fails_writes_one_line_into_the_log_and_then_none_for_minutes(
    monitor: MakeMonitor, private_server: MakeServer
) -> None:
    servers = {word: private_server() for word in BROKEN}
    running = monitor(*(server.dsn(MONITOR) for server in servers.values()))
    after_passes(running, 1)
    for word, server in servers.items():
        with connect(server) as connection:
            connection.execute(BROKEN[word])
    time.sleep(HELD)
    states = [target["state"] for target in running.get("/api/v1/targets")["targets"]]
    assert [state["condition"] for state in states] == ["limited"] * len(servers)
    for (word, server), state in zip(servers.items(), states, strict=True):
        assert word in state["cause"]
        counts = Counter(failed_statements(server))
        assert counts, word
        assert max(counts.values()) == 1, (word, counts)


def failed_statements(server: Server) -> list[str]:
    """The texts of our statements that ended in an error, as the server's log tells them."""
    blocks = re.split(r"(?m)^(?=\d{4}-\d\d-\d\d )", server.log_text())
    return [
        block.partition(" STATEMENT: ")[2].strip() for block in blocks if OURS.search(block) and " STATEMENT: " in block
    ]


LOGGED = (
    {"log_statement": "all"},
    {
        "log_min_duration_statement": "0",
        "shared_preload_libraries": "pg_stat_statements,auto_explain",
        "auto_explain.log_min_duration": "0",
    },
)


@pytest.mark.parametrize("settings", LOGGED, ids=["log_statement", "durations"])
@pytest.mark.pg(14, 18)
@pytest.mark.slow(reason="several passes ten seconds apart, before and after the log takes more")
def test_no_fingerprints_land_in_a_log_that_takes_every_statement(
    monitor: MakeMonitor, private_server: MakeServer, settings: dict[str, str]
) -> None:
    server = private_server(settings=settings)
    with connect(server) as connection:
        for number in range(50):
            connection.execute(sql.SQL("create table {} (id int)").format(sql.Identifier(f"t{number}")))
    running = monitor(server.dsn(MONITOR))
    after_passes(running, 3)
    logged = told_fingerprints(server)
    assert len(logged) >= 3
    assert max(logged) == 0, logged
