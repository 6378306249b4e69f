"""Counted calls against the true number, through everything that can happen to the counters and to the monitor."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from psycopg import sql

from chaos.caller import STATEMENTS, Caller, Key, Ledger, Who, connect, microseconds, queryid
from chaos.monitor import KEY
from fix_proxy import MakeProxy
from fix_servers import MONITOR, MakeServer
from fix_soak import Figures
from pgvigil.catalog import load
from pgvigil.sandbox.proxy import Proxy
from pgvigil.sandbox.server import SUPERUSER, Server
from pgvigil.store import Store, open_store

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Length:
    """How often all steps happen, and for how many seconds a connection is cut; the monitor stops for twice as long."""

    rounds: int
    pause: float


SHORT, LONG = Length(1, 10.0), Length(5, 30.0)
PATIENCE = 90.0
Span = tuple[int, int]
"""From, to, in microseconds."""

LONGEST_READING = 1_000_000
"""Microseconds from the beginning of a pass to the end of a gap that it closes."""

TELLS_AGE = 17
"""From this major on an entry says since when it counts: nothing that was not removed is uncertain."""

DOUBTS = "select ts - to_microseconds(round(secs * 1e6)::bigint), ts from statements where uncertain and toplevel"
ADMIN = Who(SUPERUSER, "postgres")
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
    removals: list[Span] = field(default_factory=list)

    @contextmanager
    def removing(self) -> Iterator[None]:
        """Entries are removed within: only calls around this time may be missing."""
        began = microseconds()
        yield
        self.removals.append((began, microseconds()))

    def execute(self, statement: str, *values: object) -> None:
        with connect(self.server, ADMIN) as connection:
            connection.execute(statement.encode(), values or None)

    def wait(self, longest: float) -> None:
        time.sleep(self.chance.uniform(0.0, longest))


def reset_all(world: World) -> None:
    for _ in range(3):
        with world.removing():
            world.execute("select pg_stat_statements_reset()")
        world.wait(3.0)


def reset_one(world: World) -> None:
    with connect(world.server, ADMIN) as connection:
        rows = connection.execute(
            "select userid, dbid, queryid from pg_stat_statements where query like '%exact_%' limit 12"
        ).fetchall()
        for row in rows:
            with world.removing():
                connection.execute("select pg_stat_statements_reset(%s, %s, %s)", row)
            world.wait(0.8)


def equal_before_and_after(world: World) -> None:
    """The same number of calls and plans before and after a reset."""
    for caller in world.callers:
        caller.pause()
    with world.removing():
        world.execute("select pg_stat_statements_reset()")
    for _ in range(2):
        call_once(world)
        world.monitor.until_kept(1)
        with world.removing():
            world.execute("select pg_stat_statements_reset()")
    call_once(world)
    world.monitor.until_kept(1)
    for caller in world.callers:
        caller.go_on()


def call_once(world: World) -> None:
    for caller in world.callers:
        caller.call_each_once()


def fast_restart(world: World) -> None:
    """A server that is stopped in order keeps its pg_stat_statements."""
    world.server.restart("fast")


def kill_server(world: World) -> None:
    with world.removing():
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


def accounted(store: Store, ledger: Ledger, ids: dict[Key, tuple[int, int, int]]) -> tuple[int, int, int]:
    """Check every key; returns calls made, stored, and missing within gaps."""
    stored = {
        (userid, dbid, each): int(calls)
        for userid, dbid, each, calls in store.query(
            "select userid, dbid, queryid, sum(calls) from statements where toplevel group by all"
        ).rows
    }
    gaps = store.query("select since, until from gaps where probe = 'statements'").rows
    doubts = store.query("select userid, dbid, queryid, ts, secs from statements where uncertain and toplevel").rows
    total = kept = missing = 0
    for key, calls in ledger.calls.items():
        userid, dbid, each = ids[key]
        open_ = [(since, until) for since, until in gaps]
        open_ += [(ts - round(secs * 1e6), ts) for u, d, q, ts, secs in doubts if (u, d, q) == (userid, dbid, each)]
        sure = sum(1 for call in calls if call.sure)
        hidden = sum(
            1
            for call in calls
            if call.sure and any(since < call.ended and call.began <= until for since, until in open_)
        )
        found = stored.get((userid, dbid, each), 0)
        assert found <= len(calls), f"{key}: {found} stored, {len(calls)} made"
        assert sure - found <= hidden, f"{key}: {sure} made, {found} stored, only {hidden} of them inside gaps {open_}"
        total, kept, missing = total + sure, kept + found, missing + max(0, sure - found)
    return total, kept, missing


def stray(found: Iterable[Span], removals: Sequence[Span], passes: Sequence[int]) -> list[Span]:
    """Those of gaps and doubts that reach beyond what a removal explains: from a reading before it to one after it.

    A pass more on either side is granted, which may have been under way; removals between two passes belong together.
    """
    allowed: list[Span] = []
    for began, ended in sorted(removals):
        before = [ts for ts in passes if ts < began][-2:]
        after = [ts for ts in passes if ts > ended][:2]
        since, until = (before or [0])[0], (after or [microseconds()])[-1] + LONGEST_READING
        if allowed and since <= allowed[-1][1]:
            since, until = allowed[-1][0], max(until, allowed.pop()[1])
        allowed.append((since, until))
    return [(since, until) for since, until in found if not any(a <= since and until <= b for a, b in allowed)]


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


def verdict(
    place: Path, steps: str, ledger: Ledger, ids: dict[Key, tuple[int, int, int]], removals: Sequence[Span], major: int
) -> str:
    """Compare what is stored with what was called; says the figures."""
    store = open_store(f"duckdb://{place}/pgvigil.db", KEY, load())
    try:
        total, stored, missing = accounted(store, ledger, ids)
        passes = store.query("select ts from passes where probe = 'statements' and outcome = 'ok' order by ts").rows
        doubts = f"union {DOUBTS}" if major >= TELLS_AGE else ""
        found = store.query(f"select since, until from gaps where probe = 'statements' {doubts}").rows
        if steps != "storm":  # with room for a hundred, entries are evicted from the first call to the last
            assert stray(found, removals, [ts for (ts,) in passes]) == []
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
    world = World(server, monitor, hop, random.Random(seed), callers, length.pause)
    exercise(world, steps, length.rounds)
    return verdict(place, steps, ledger, ids, world.removals, server.major)


def room_for(steps: str) -> dict[str, str]:
    return {"pg_stat_statements.max": "100" if steps == "storm" else "5000"}


@pytest.mark.slow(reason="passes, restarts and pauses take their time on a real server")
@pytest.mark.timeout(600)
@pytest.mark.pg(15, 18)
@pytest.mark.parametrize("steps", STEPS)
def test_calls_stored_and_calls_inside_gaps_are_all_calls_and_none_too_many(
    tmp_path: Path, private_server: MakeServer, proxy: MakeProxy, monitor_of: MonitorOf, steps: str, seed: int
) -> None:
    trial(tmp_path, private_server(settings=room_for(steps)), proxy, monitor_of, steps, seed, SHORT)


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


def known_ids(server: Server) -> dict[Key, tuple[int, int, int]]:
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
