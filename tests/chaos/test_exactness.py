"""Counted calls against the true number, through everything that can happen to the counters and to the monitor."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from psycopg import sql

from chaos.account import (
    TELLS_AGE,
    TIMES,
    TWINS,
    Even,
    Ids,
    Kept,
    Removal,
    accounted,
    stray,
    uncovered,
    uneven,
)
from chaos.caller import STATEMENTS, Caller, Key, Ledger, Who, connect, microseconds, queryid
from chaos.monitor import KEY
from fix_proxy import MakeProxy
from fix_servers import MONITOR, MakeServer
from fix_soak import Figures
from pgvigil.catalog import load
from pgvigil.sandbox.proxy import Proxy
from pgvigil.sandbox.server import SUPERUSER, Server
from pgvigil.store import open_store

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Length:
    """How often all steps happen, and for how many seconds a connection is cut; the monitor stops for twice as long."""

    rounds: int
    pause: float


SHORT, LONG = Length(1, 10.0), Length(5, 30.0)
PATIENCE = 90.0
ADMIN = Who(SUPERUSER, "postgres")
RESET = frozenset({"reset"})
CRASH = frozenset({"restart", "reset"})  # a reset shortly before it shares its gap
CALLERS = {
    Who(SUPERUSER, "postgres"): range(STATEMENTS),
    Who("second", "postgres"): range(10, 25),
    Who(SUPERUSER, "other"): range(20, STATEMENTS),
}


class Monitor:
    """The monitor as a process; `kept` counts the passes of statements that it kept."""

    def __init__(self, place: Path, dsn: str, seed: int) -> None:
        self._place = place
        self._dsn = dsn
        self._seed = seed
        self._log = place / "monitor.log"
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._seed += 1
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, str(HERE / "monitor.py"), str(self._place), self._dsn, str(self._seed)],
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(HERE.parent.parent / "src")},
            )

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    @property
    def kept(self) -> int:
        return self.log.count("kept ")

    def sampled(self) -> list[float]:
        """When samples came, on the steady clock (s)."""
        return [float(at) for at in re.findall(r"^sampled (\S+)$", self.log, re.MULTILINE)]

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def until_kept(self, more: int) -> None:
        """Wait until so many passes that began after now were kept."""
        wanted = self.kept + more + 1  # one may be on its way
        began = time.monotonic()
        while self.kept < wanted:
            assert self._child is not None
            assert self._child.poll() is None, self.log
            assert time.monotonic() - began < PATIENCE, self.log
            time.sleep(0.1)

    def _end(self, how: signal.Signals) -> None:
        if self._child is not None:
            self._child.send_signal(how)
            self._child.wait(30)
            self._child = None


@dataclass
class World:
    """A server under load, a monitor, and a hop between them."""

    server: Server
    monitor: Monitor
    hop: Proxy
    chance: random.Random
    callers: list[Caller]
    pause: float
    ids: dict[Key, Ids]
    removals: list[Removal] = field(default_factory=list)
    evens: list[Even] = field(default_factory=list)

    @contextmanager
    def removing(self, reasons: frozenset[str], ids: Ids | None = None) -> Iterator[None]:
        """Entries are removed within: only calls before that may be missing."""
        began = microseconds()
        yield
        self.removals.append(Removal(began, microseconds(), reasons, ids))

    def reset(self) -> None:
        with connect(self.server, ADMIN) as connection, self.removing(RESET):
            connection.execute("select pg_stat_statements_reset()")

    def counts(self) -> dict[Key, tuple[int, int]]:
        """Calls and plans of every known statement, as the server counts them now."""
        query = "select userid::int8, dbid::int8, queryid, calls, plans from pg_stat_statements where toplevel"
        with connect(self.server, ADMIN) as connection:
            rows = connection.execute(query).fetchall()
        found = {tuple(ids): (int(str(calls)), int(str(plans))) for *ids, calls, plans in rows}
        return {key: found[each] for key, each in self.ids.items() if each in found}

    def wait(self, longest: float) -> None:
        time.sleep(self.chance.uniform(0.0, longest))


def reset_all(world: World) -> None:
    for _ in range(3):
        world.reset()
        world.wait(3.0)


def reset_one(world: World) -> None:
    with connect(world.server, ADMIN) as connection:
        present = sorted(world.ids[key] for key in world.counts())
        for ids in world.chance.sample(present, min(12, len(present))):
            with world.removing(RESET, ids):
                connection.execute("select pg_stat_statements_reset(%s, %s, %s)", ids)
            world.wait(0.8)


def equal_before_and_after(world: World) -> None:
    """The same number of calls and plans before and after a reset, and nothing called that was not read before it."""
    for caller in world.callers:
        caller.pause()
    since = until = microseconds()
    world.monitor.until_kept(1)
    for _ in range(TIMES):
        world.reset()
        assert world.counts() == {}
        for caller in world.callers:
            caller.call_each_once()
        until = microseconds()
        assert world.counts() == dict.fromkeys(world.ids, (1, 1))
        world.monitor.until_kept(1)
    world.evens.append(Even(since, until))
    for caller in world.callers:
        caller.go_on()


def fast_restart(world: World) -> None:
    """A server that is stopped in order keeps its pg_stat_statements."""
    world.server.restart("fast")


def kill_server(world: World) -> None:
    with world.removing(CRASH):
        world.server.kill()
    world.server.start()


def storm(world: World) -> None:
    """A thousand distinct statements called once each, three times, with room for a hundred."""
    with connect(world.server, ADMIN) as connection:
        for turn in range(3):
            for number in range(1_000):
                columns = sql.SQL(", ").join([sql.SQL("1")] * (1 + number % 100))
                table = sql.Identifier(f"storm_{number // 100}")
                connection.execute(sql.SQL("select {} from {}").format(columns, table))
            world.wait(2.0 + turn)


def stop_monitor(world: World) -> None:
    world.monitor.stop()
    time.sleep(2 * world.pause)
    world.monitor.start()


def kill_monitor(world: World) -> None:
    for _ in range(3):
        world.monitor.kill()
        world.monitor.start()
        world.wait(5.0)


def cut(world: World) -> None:
    world.hop.refuse()
    time.sleep(world.pause)
    world.hop.accept()


NO_LOSS: tuple[Callable[[World], None], ...] = (stop_monitor, kill_monitor, cut, fast_restart)
STEPS: dict[str, tuple[Callable[[World], None], ...]] = {
    "resets": (reset_all, reset_one, equal_before_and_after, kill_server),
    "storm": (storm,),
    "absences": NO_LOSS,
}


def prepare(server: Server) -> None:
    server.passwords["second"] = "second"
    with connect(server, ADMIN) as connection:
        connection.execute("create role second login superuser password 'second'")
        connection.execute("create database other")
    for database in ("postgres", "other"):
        with connect(server, Who(SUPERUSER, database)) as connection:
            for number in range(STATEMENTS):
                connection.execute(sql.SQL("create table {} (id int)").format(sql.Identifier(f"exact_{number}")))
            for number in range(10):
                connection.execute(sql.SQL("create table {} (id int)").format(sql.Identifier(f"storm_{number}")))


@pytest.fixture
def monitor_of(tmp_path: Path) -> Iterator[Callable[[str, int], Monitor]]:
    made: list[Monitor] = []

    def make(dsn: str, seed: int) -> Monitor:
        made.append(Monitor(tmp_path, dsn, seed))
        return made[-1]

    yield make
    for monitor in made:
        monitor.kill()


def exercise(world: World, steps: str, rounds: int) -> None:
    """Call, while the steps happen, until everything is kept."""
    world.monitor.start()
    world.monitor.until_kept(1)
    for caller in world.callers:
        caller.start()
    for _ in range(rounds):
        for step in STEPS[steps]:
            world.wait(3.0)
            step(world)
            world.wait(3.0)
    world.monitor.until_kept(1)
    for caller in world.callers:
        caller.end()
        caller.join()
    world.monitor.until_kept(2)
    world.monitor.stop()


def verdict(place: Path, steps: str, ledger: Ledger, world: World) -> str:
    """Compare what is stored with what was called; says the figures."""
    tells_age = world.server.major >= TELLS_AGE
    # With room for a hundred, entries are evicted from the first call to the last, and nobody tells which and when:
    # there a gap excuses all of it but what an entry's own age, where it has one, says was counted.
    known = steps != "storm"
    store = open_store(f"duckdb://{place}/pgvigil.db", KEY, load())
    try:
        kept = Kept.of(store, tells_age=tells_age)
        removals, twins = (world.removals if known else None), (0 if tells_age else TWINS)
        total, stored, missing = accounted(kept, ledger, world.ids, removals, twins=twins)
        found = [(since, until) for since, until, _ in kept.gaps]
        found += [span for spans in kept.doubts.values() for span in spans] if tells_age else []
        if known:
            assert stray(found, world.removals, kept.passes) == []
        assert uncovered(kept, world.removals) == []
        assert uneven(store, kept, world.ids, world.evens) == []
        gaps = store.query(
            "select reason, count(*), sum(epoch(until) - epoch(since)) from gaps where probe = 'statements' group by 1"
        )
    finally:
        store.close()
    listed = ", ".join(f"{count} of {reason}, {seconds:.0f} s" for reason, count, seconds in gaps.rows)
    told = f"{total} calls made, {stored} stored, {missing} missing inside gaps ({listed or 'none'})"
    print(told)
    assert total > 300
    assert stored > total / 2, "gaps over everything would be no answer"
    if set(STEPS[steps]) <= set(NO_LOSS):
        assert missing == 0
        assert gaps.rows == []
    return told


MonitorOf = Callable[[str, int], Monitor]


def trial(
    place: Path, server: Server, proxy: MakeProxy, monitor_of: MonitorOf, steps: str, seed: int, length: Length
) -> str:
    prepare(server)
    ids = known_ids(server)
    ledger = Ledger()
    callers = [Caller(server, who, numbers, ledger, seed + at) for at, (who, numbers) in enumerate(CALLERS.items())]
    hop = proxy(server.port)
    monitor = monitor_of(server.dsn(MONITOR, port=hop.port), seed)
    world = World(server, monitor, hop, random.Random(seed), callers, length.pause, ids)
    exercise(world, steps, length.rounds)
    return verdict(place, steps, ledger, world)


def room_for(steps: str) -> dict[str, str]:
    return {"pg_stat_statements.max": "100" if steps == "storm" else "5000"}


@pytest.mark.slow(reason="passes, restarts and pauses take their time on a real server")
@pytest.mark.timeout(600)
@pytest.mark.pg(15, 18)  # 15 does not tell since when it counts a statement
@pytest.mark.parametrize("steps", ["resets", "storm"])
def test_calls_stored_and_calls_inside_gaps_are_all_calls_and_none_too_many(
    tmp_path: Path, private_server: MakeServer, proxy: MakeProxy, monitor_of: MonitorOf, steps: str, seed: int
) -> None:
    trial(tmp_path, private_server(settings=room_for(steps)), proxy, monitor_of, steps, seed, SHORT)


@pytest.mark.slow(reason="restarts and pauses take their time on a real server")
@pytest.mark.timeout(600)
def test_absences_lose_no_call_and_count_none_twice(
    tmp_path: Path, private_server: MakeServer, proxy: MakeProxy, monitor_of: MonitorOf, seed: int
) -> None:
    trial(tmp_path, private_server(settings=room_for("absences")), proxy, monitor_of, "absences", seed, SHORT)


@pytest.mark.soak(
    "calls of known statements against what is stored, five rounds of all that happens to them",
    twin="test_calls_stored_and_calls_inside_gaps_are_all_calls_and_none_too_many",
)
@pytest.mark.slow(reason="the same at full length, five times over")
@pytest.mark.timeout(3600)
@pytest.mark.pg(14, 15, 18)
@pytest.mark.parametrize("steps", STEPS)
def test_the_same_at_full_length(
    tmp_path: Path,
    private_server: MakeServer,
    proxy: MakeProxy,
    monitor_of: MonitorOf,
    steps: str,
    seed: int,
    figures: Figures,
) -> None:
    figures(trial(tmp_path, private_server(settings=room_for(steps)), proxy, monitor_of, steps, seed, LONG))


def known_ids(server: Server) -> dict[Key, Ids]:
    """Role, database and queryid of everything that is going to be called, as the server numbers them."""
    with connect(server, ADMIN) as connection:
        roles = connection.execute("select rolname::text, oid::int8 from pg_roles").fetchall()
        databases = connection.execute("select datname::text, oid::int8 from pg_database").fetchall()
    role_oids = {str(name): int(str(oid)) for name, oid in roles}
    database_oids = {str(name): int(str(oid)) for name, oid in databases}
    return {
        (who, number): (role_oids[who.role], database_oids[who.database], queryid(server, who, number))
        for who, numbers in CALLERS.items()
        for number in numbers
    }
