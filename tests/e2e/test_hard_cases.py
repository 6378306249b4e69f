"""What goes wrong on the way to a server, as a user is told of it: in the API in time and once, by `check` in the same
words. What the page says of it: tests/web/test_states.py."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from e2e.places import Listener
from fix_house import slowed_by
from fix_monitor import MakeMonitor, Monitor, run_pgvigil
from fix_servers import MONITOR, Connection, Database, MakeServer, connect, start_prepared
from pgvigil.sandbox.proxy import Proxy
from pgvigil.sandbox.server import Server
from troubles import (
    FEW,
    OLD_EXTENSION,
    ONLY_IPV6,
    RESERVED,
    SLOTS,
    catalogs_held,
    create_old_extension,
    every_place_taken,
    reaches_ipv6,
    set_password,
    write_config,
)

TOLD = 5.0
FLOWS = 15.0
"""Seconds, on a machine that does nothing else, until a cause is named, and until data flow after it ended."""

FINDINGS, NOBODY = 1, 2
"""Exit codes of `check`: test servers run without fsync, which is a finding; nobody could look."""

PERIOD, LATE = 10.0, 1.0
"""Seconds between two passes of statements, and by how much one may be late because another server is away."""

OURS = 2
"""Connections of one monitor to one server."""

CATALOGS = ("pg_class", "pg_proc", "pg_authid", "pg_database")
OTHER = "other"
BROKEN = "broken"


@dataclass(slots=True)
class World:
    """One monitor that watches a server through a breakable hop, and another server that nothing happens to."""

    running: Monitor
    server: Server
    hop: Proxy
    listener: Listener
    through: str

    def target(self, name: str = BROKEN) -> dict[str, Any]:
        targets = self.running.get("/api/v1/targets")["targets"]
        return next(dict(target) for target in targets if target["name"] == name)

    def told(self) -> list[str]:
        """The lines of the log on the condition of the broken target."""
        return [line for line in self.running.log.read_text().splitlines() if f"target {BROKEN}: " in line]

    def heard(self, what: bytes) -> int:
        """How often the stream of the broken target told this."""
        return b"".join(self.listener.heard).count(what)

    def changes(self) -> int:
        return self.heard(b"event: state")


def names(world: World, condition: str, words: str, remedy: str) -> Callable[[], bool]:
    """Whether the API gives the target this condition, with these words in its cause, and in what to do."""

    def holds() -> bool:
        state = world.target()["state"]
        return state["condition"] == condition and words in state["cause"] and remedy in state["remedy"]

    return holds


def flows(world: World, condition: str = "watching") -> Callable[[], bool]:
    """Whether samples were told, and a pass kept, that are younger than now."""
    now = world.running.get("/api/v1/targets")["now"]
    samples = world.heard(b"event: sample")

    def holds() -> bool:
        target = world.target()
        young = (target["last_pass"] or 0.0) > now and world.heard(b"event: sample") > samples
        return bool(target["state"]["condition"] == condition and young)

    return holds


def in_time(running: Monitor, what: str, holds: Callable[[], bool], seconds: float) -> None:
    """Wait for something that takes so many seconds where the machine has nothing else to do."""
    slowness = slowed_by()
    began = time.monotonic()
    running.wait_for(what, holds, 2 * seconds * slowness)
    took = time.monotonic() - began
    assert took <= seconds * max(slowness, slowed_by()), (what, took, slowness)


@contextmanager
def world_of(place: Path, server: Server) -> Iterator[World]:
    with ExitStack() as stack:
        other = start_prepared(18)
        stack.callback(other.remove)
        hop = stack.enter_context(Proxy(server.port))
        through = server.dsn(MONITOR, port=hop.port) + "?pgbouncer=true&schema=public&connection_limit=1"
        config = write_config(place, {BROKEN: through, OTHER: other.dsn(MONITOR)})
        running = Monitor(place, (), "--config", str(config))
        stack.callback(running.stop)
        with Listener(running, [BROKEN]) as listener:
            made = World(running, server, hop, listener, through)
            in_time(running, "the first data", flows(made), FLOWS)
            yield made


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    server = start_prepared(18, FEW)
    try:
        with world_of(tmp_path_factory.mktemp("hard"), server) as made:
            yield made
    finally:
        server.remove()


@contextmanager
def killed(world: World) -> Iterator[None]:
    world.server.kill()
    try:
        yield
    finally:
        world.server.start()


@contextmanager
def stopped(world: World) -> Iterator[None]:
    world.server.stop()
    try:
        yield
    finally:
        world.server.start()


@contextmanager
def black_hole(world: World) -> Iterator[None]:
    world.hop.stall()
    try:
        yield
    finally:
        world.hop.flow()


@contextmanager
def black_hole_for_newcomers(world: World) -> Iterator[None]:
    world.hop.stall()
    world.hop.cut()
    try:
        yield
    finally:
        world.hop.flow()


@contextmanager
def cut_off(world: World) -> Iterator[None]:
    world.hop.refuse()
    try:
        yield
    finally:
        world.hop.accept()


@contextmanager
def another_password(world: World) -> Iterator[None]:
    set_password(world.server, "another")
    world.hop.cut()
    try:
        yield
    finally:
        set_password(world.server, world.server.passwords[MONITOR])


@contextmanager
def crowded(world: World) -> Iterator[None]:
    """Every connection but the reserved ones is taken, then ours are cut."""
    with connect(world.server) as superuser:
        others = [connect(world.server, user=MONITOR) for _ in range(SLOTS - RESERVED - 1 - OURS)]
        try:
            world.hop.cut()
            yield
            # It comes in, finds that it would take one of the last places, and leaves.
            world.running.wait_for("it to be away", lambda: ours(superuser, application="pgvigil%") == 0)
        finally:
            for connection in others:
                connection.close()


@contextmanager
def exhausted(world: World) -> Iterator[None]:
    """Every connection is taken while ours are away: the server itself refuses."""
    world.hop.refuse()
    with every_place_taken(world.server):
        world.hop.accept()
        yield


@contextmanager
def catalogs_locked(world: World) -> Iterator[None]:
    with catalogs_held(world.server, *CATALOGS):
        yield


def ours(connection: Connection, application: str = "%") -> int:
    query = "select count(*) from pg_stat_activity where usename = %s and application_name like %s"
    found = connection.execute(query, (MONITOR, application)).fetchone()
    return int(found[0]) if found else 0


LISTENS = "Check that the server runs"
CLOSED = "closed the connection while it was being set up"
SILENT = ("said nothing", "is not frozen")
STARTS = ("is starting up and takes no sessions yet", "Wait;")
NO_START = ("did not start a session", "A lock on pg_authid or pg_database")
LOCKED = ("a lock on the system catalog stands in the way", "End the transaction that holds AccessExclusiveLock")
NEAR_THE_LIMIT = ("Connections near the limit", "raise max_connections")


@dataclass(frozen=True, slots=True)
class Case:
    """A cause, and the words in which the API names it and what to do.

    `check` says the same, or `newly` where somebody who comes only now sees it otherwise than who was there before.
    """

    cause: Callable[[World], AbstractContextManager[None]]
    condition: str
    words: str
    remedy: str
    newly: tuple[str, ...] = ()
    code: int = NOBODY


CASES = (
    Case(killed, "unreachable", CLOSED, "listens there"),
    Case(stopped, "unreachable", CLOSED, "listens there"),
    Case(cut_off, "unreachable", "Nothing listens at", LISTENS),
    Case(black_hole, "unreachable", "did not answer", "the network between", newly=SILENT),
    Case(black_hole_for_newcomers, "unreachable", *SILENT),
    Case(another_password, "refused", "password", "Check the user and the password"),
    # Who looks once takes a place that is free.
    Case(crowded, "refused", "connections", "Close idle connections", newly=NEAR_THE_LIMIT, code=FINDINGS),
    Case(exhausted, "refused", "All connections", "end idle ones"),
    Case(catalogs_locked, "limited", "is locked", "pg_locks", newly=NO_START),
)


@pytest.mark.slow(reason="the world of all cases is made with the first of them")
@pytest.mark.parametrize("case", CASES, ids=[case.cause.__name__ for case in CASES])
def test_a_cause_is_named_with_its_remedy_and_data_flow_again(world: World, case: Case) -> None:
    lines, changes = len(world.told()), world.changes()
    name = case.cause.__name__
    with case.cause(world):
        in_time(world.running, name, names(world, case.condition, case.words, case.remedy), TOLD)
        during = world.target()["state"]
        check_names(world.through, case.code, *(case.newly or (during["cause"], during["remedy"])))
        assert world.target(OTHER)["state"]["condition"] == "watching"
    in_time(world.running, f"data after {name}", flows(world), FLOWS)
    assert world.server.passwords[MONITOR] not in json.dumps(during)
    world.running.wait_for("the stream", lambda: world.changes() > changes + 1)
    assert len(world.told()) - lines >= 2
    assert_told_once_per_change(world, lines, changes)
    assert "Traceback" not in world.running.log.read_text()


def assert_told_once_per_change(world: World, lines: int, changes: int) -> None:
    """After so many lines and changes there came a line, at most one per change, and none twice in a row."""
    said = [line.partition(f"target {BROKEN}: ")[2] for line in world.told()[lines:]]
    assert 1 <= len(said) <= world.changes() - changes, said
    assert all(one != next_ for one, next_ in pairwise(said)), said


@pytest.mark.slow(reason="the world of all cases is made with the first of them")
def test_a_locked_table_holds_nothing_up(world: World) -> None:
    with connect(world.server) as holder:
        holder.execute("create table held (id int)")
        holder.execute("begin")
        holder.execute("lock table held in access exclusive mode")
        with connect(world.server) as waiting, ThreadPoolExecutor(1) as aside:
            asked = aside.submit(waiting.execute, "select count(*) from held")
            in_time(world.running, "data beside a locked table", flows(world), FLOWS)
            check_names(world.through, FINDINGS, "PostgreSQL 18.", but_not="Not answered")
            assert not asked.done()
            holder.execute("rollback")
            asked.result(10)
        holder.execute("drop table held")


@pytest.mark.slow(reason="the world of all cases is made with the first of them")
def test_what_only_an_orm_understands_in_a_url_is_dropped_with_one_note(world: World) -> None:
    notes = [line for line in world.told() if "pgbouncer" in line]
    assert len(notes) == 1, world.told()
    assert "schema" in "".join(world.told())
    check_names(world.through, FINDINGS, "Note: ", "pgbouncer", "schema")


@pytest.mark.slow(reason="the world of all cases is made with the first of them")
def test_restarts_are_told_and_the_other_server_was_watched_all_the_time(world: World) -> None:
    found = world.running.get(f"/api/v1/targets/{BROKEN}/panels/load")
    assert {gap["reason"] for gap in found["gaps"]} <= {"unreachable", "restart", "stopped"}
    assert [event["kind"] for event in found["events"]].count("restart") == 2
    assert_watched_in_time(world.running)


def assert_watched_in_time(running: Monitor) -> None:
    """The server that nothing happens to lost no samples, and none of its passes was late."""
    query = """
        select sum(samples) / sum(secs) as share, count(*) as buckets from passes join targets using (target)
        where probe = 'sessions' and name = 'other'
    """
    (row,) = running.sql(query)
    assert row["buckets"] > 2
    assert row["share"] > 0.8 / slowed_by(), row
    apart = apart_of_statements(running)
    assert len(apart) > 3
    assert max(apart) <= PERIOD + LATE * slowed_by(), apart


def apart_of_statements(running: Monitor) -> list[float]:
    """Seconds between the passes of statements of the server that nothing happens to."""
    query = """
        select epoch(ts - lag(ts) over (order by ts)) as apart from passes join targets using (target)
        where probe = 'statements' and outcome = 'ok' and name = 'other' qualify apart is not null
    """
    return [row["apart"] for row in running.sql(query)]


@pytest.mark.slow(reason="five passes of the other server, ten seconds apart, beside servers that take turns")
def test_another_system_and_another_major_behind_the_same_address_are_named_and_watched(
    private_server: MakeServer, tmp_path: Path
) -> None:
    one, another_system, another_major = (private_server(major) for major in (18, 18, 17))
    for server in (another_system, another_major):
        set_password(server, one.passwords[MONITOR])
    with world_of(tmp_path, one) as world:
        turns = list(pairwise((one, another_system, another_major, one)))
        for before, now in turns:
            lines, changes = len(world.told()), world.changes()
            world.hop.lead_to(now.port)
            words = f"Another server answers at this address: {itself(now)}; before it was {itself(before)}."
            in_time(world.running, words, names(world, "limited", words, "target of its own"), TOLD)
            assert world.target(OTHER)["state"]["condition"] == "watching"
            in_time(world.running, "data of the server that answers now", flows(world, "limited"), FLOWS)
            assert_told_once_per_change(world, lines, changes)
            # Whoever looks once knows of no before.
            check_names(world.through, FINDINGS, f"PostgreSQL {version(now)}, primary")
        changes = world.changes()
        world.running.wait_for("passes of the other", lambda: len(apart_of_statements(world.running)) > 3)
        assert world.changes() == changes
        found = world.running.get(f"/api/v1/targets/{BROKEN}/events")
        assert [event["kind"] for event in found["events"]].count("identity") == len(turns)
        assert_watched_in_time(world.running)


def itself(server: Server) -> str:
    """What tells a server from all others, in its own words."""
    with connect(server) as connection:
        (number,) = connection.execute("select system_identifier from pg_control_system()").fetchone() or (0,)
    return f"PostgreSQL {version(server)} with the system identifier {number}"


def version(server: Server) -> str:
    with connect(server) as connection:
        return str((connection.execute("show server_version").fetchone() or ("",))[0])


def test_what_is_in_the_way_at_the_start_is_named_and_the_server_watched_when_it_comes(
    monitor: MakeMonitor, private_server: MakeServer, tmp_path: Path
) -> None:
    server = private_server()
    server.stop()
    with Proxy(server.port) as hop:
        hop.stall()
        dsns = {"down": server.dsn(MONITOR), "silent": server.dsn(MONITOR, port=hop.port)}
        running = monitor(arguments=("--config", str(write_config(tmp_path, {**dsns, "six": ONLY_IPV6}))))
        words = {"down": str(server.port), "silent": "said nothing", "six": "" if reaches_ipv6() else "IPv6"}
        for name, word in words.items():
            in_time(running, name, partial(is_unreachable, running, name, word), TOLD)
            assert state(running, name)["remedy"]
        check_names(ONLY_IPV6, NOBODY, state(running, "six")["cause"], state(running, "six")["remedy"])
        server.start()
        hop.flow()
        for name in dsns:
            in_time(running, f"data of {name}", partial(is_watched, running, name), FLOWS)


def watched_directly(monitor: MakeMonitor, server: Server, tmp_path: Path) -> Monitor:
    running = monitor(arguments=("--config", str(write_config(tmp_path, {"direct": server.dsn(MONITOR)}))))
    in_time(running, "the first data", partial(is_watched, running, "direct"), FLOWS)
    return running


def test_a_server_without_a_hop_that_was_killed_or_stopped_is_named_and_watched_again(
    monitor: MakeMonitor, private_server: MakeServer, tmp_path: Path
) -> None:
    server = private_server()
    running = watched_directly(monitor, server, tmp_path)
    for end in (server.kill, server.stop):
        end()
        words = f"Nothing listens at {server.host}:{server.port}."
        in_time(running, words, partial(is_unreachable, running, "direct", words), TOLD)
        assert LISTENS in state(running, "direct")["remedy"]
        check_names(server.dsn(MONITOR), NOBODY, words, LISTENS)
        server.start()
        in_time(running, "data", partial(is_watched, running, "direct"), FLOWS)
        check_names(server.dsn(MONITOR), FINDINGS, "fsync")


def is_unreachable(running: Monitor, name: str, word: str) -> bool:
    found = state(running, name)
    return bool(found["condition"] == "unreachable" and word in found["cause"])


@pytest.mark.parametrize("catalog", [*CATALOGS, "pg_attribute", "pg_extension", "pg_db_role_setting"])
def test_check_names_a_lock_on_each_catalog(server: Server, catalog: str) -> None:
    with catalogs_held(server, catalog):
        check_names(server.dsn(MONITOR), NOBODY, *(NO_START if catalog in {"pg_authid", "pg_database"} else LOCKED))
    check_names(server.dsn(MONITOR), FINDINGS, "fsync")


def test_a_server_that_takes_no_sessions_any_more_or_yet_is_named(
    monitor: MakeMonitor, private_server: MakeServer, tmp_path: Path
) -> None:
    server = private_server()
    running = watched_directly(monitor, server, tmp_path)
    with connect(server):  # a smart end waits for whoever is there
        os.kill(server.pid, signal.SIGTERM)
        running.wait_for("the end to begin", lambda: "received smart shutdown request" in server.log_text())
        check_names(server.dsn(MONITOR), NOBODY, "is shutting down", "Wait until it has started again")
        server.stop("fast")
    with starting(server):
        in_time(running, "that it starts", partial(is_unreachable, running, "direct", STARTS[0]), TOLD)
        assert STARTS[1] in state(running, "direct")["remedy"]
        check_names(server.dsn(MONITOR), NOBODY, *STARTS)
    in_time(running, "data", partial(is_watched, running, "direct"), FLOWS)


@contextmanager
def starting(server: Server) -> Iterator[None]:
    """A stopped server starts, as a standby that nobody may look into until it is promoted."""
    server.configure({"hot_standby": "off"})
    leave(server, "standby.signal")
    with ThreadPoolExecutor(1) as aside:
        started = aside.submit(server.start)
        try:
            yield
        finally:
            leave(server, "promote")
            os.kill(server.pid, signal.SIGUSR1)
            started.result(60)


def leave(server: Server, name: str) -> None:
    """An empty file that tells the server something."""
    (server.data / name).touch()
    server.account.own(server.data / name)


OVERLOADED = 1.5
"""Runnable tasks per core."""

OVERLOAD = "a full pooler or an overloaded server can do that"


def check_names(dsn: str, code: int, *words: str, but_not: str = "", tries: int = 3) -> None:
    """`check` ends with this code, in time, and says all of these words, and neither a traceback nor the password."""
    slowness = slowed_by()
    began = time.monotonic()
    done = run_pgvigil("check", dsn)
    took = time.monotonic() - began
    said = done.stdout + done.stderr
    unsaid = [word for word in words if word not in said]
    slowness = max(slowness, slowed_by())
    if tries > 1 and unsaid and OVERLOAD in said and slowness >= OVERLOADED:
        # A machine that is too busy to start a session in time is a cause of its own, and true: not the one looked for.
        check_names(dsn, code, *words, but_not=but_not, tries=tries - 1)
        return
    assert done.returncode == code, said
    assert unsaid == [], said
    forbidden = ("Traceback", unquote(str(urlsplit(dsn).password)), but_not)
    assert [word for word in forbidden if word and word in said] == [], said
    assert took <= TOLD * slowness, (words, took)


WITHOUT = {
    "blind": ("pg_monitor",),
    "bare": ("statements,", "The extension pg_stat_statements is not installed in the database bare"),
    "old": ("statements: The extension pg_stat_statements is at version", OLD_EXTENSION),
}
"""What `check` says is in the way of what is not visible, by target."""


def has_remedy(running: Monitor, name: str, remedy: str) -> bool:
    return remedy in state(running, name)["remedy"]


def state(running: Monitor, name: str) -> dict[str, Any]:
    targets = running.get("/api/v1/targets")["targets"]
    return next(dict(target["state"]) for target in targets if target["name"] == name)


def test_a_role_that_sees_little_and_a_missing_extension_are_named_while_the_rest_is_watched(
    monitor: MakeMonitor, private_server: MakeServer, tmp_path: Path
) -> None:
    server = private_server()
    with connect(server) as connection:
        connection.execute("create role blind login password 'dark'")
        connection.execute("create database bare")
        connection.execute("create database old")
    create_old_extension(Database(server, "old"))
    server.passwords["blind"] = "dark"
    dsns = {"blind": server.dsn("blind"), "bare": server.dsn(MONITOR, "bare"), "old": server.dsn(MONITOR, "old")}
    running = monitor(arguments=("--config", str(write_config(tmp_path, dsns))))
    remedies = {
        "blind": "GRANT pg_monitor TO",
        "bare": "CREATE EXTENSION pg_stat_statements",
        "old": "ALTER EXTENSION pg_stat_statements UPDATE",
    }
    for name, remedy in remedies.items():
        in_time(running, name, partial(has_remedy, running, name, remedy), TOLD)
        assert state(running, name)["condition"] == "limited"
        check_names(dsns[name], FINDINGS, *WITHOUT[name], remedy)
    targets = {target["name"]: target for target in running.get("/api/v1/targets")["targets"]}
    for name in remedies:
        whats = [what for entry in targets[name]["not_visible"] for what in entry["what"].split(", ")]
        assert "statements" in whats
    with connect(server) as connection:
        connection.execute("grant pg_monitor to blind")
    with connect(server, "bare") as connection:
        connection.execute("create extension pg_stat_statements")
    with connect(server, "old") as connection:
        connection.execute("alter extension pg_stat_statements update")
    for name in remedies:
        in_time(running, f"statements of {name}", partial(reads_statements, running, name), FLOWS)
        in_time(running, f"{name} to be watched", partial(is_watched, running, name), TOLD)
    assert " ERROR: " not in server.log_text()


def is_watched(running: Monitor, name: str) -> bool:
    return bool(state(running, name)["condition"] == "watching")


def reads_statements(running: Monitor, name: str) -> bool:
    """Whether a pass of the target brought statements."""
    query = f"""
        select 1 as one from passes join targets using (target)
        where probe = 'statements' and outcome = 'ok' and name = '{name}'
    """
    return bool(running.sql(query))
