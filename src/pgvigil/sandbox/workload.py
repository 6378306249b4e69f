"""The MeshHook-shaped load: plays intake, orchestrator, workers, web page and background on 15 connections.

`python -m pgvigil.sandbox.workload DSN --for 30 --webhooks-per-s 3` runs it alone; every setting of `Rates` is a flag.
"""

import argparse
import asyncio
import random
import string
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Self

import psycopg

from pgvigil.sandbox.console import run
from pgvigil.sandbox.parts import Intake, Orchestrator, Pages, Poller, Population, Rotation, Settler, Shared
from pgvigil.sandbox.rates import Rates
from pgvigil.sandbox.schema import install, require
from pgvigil.sandbox.sessions import Session, Tally, end_all

LANES = {"intake": 3, "orchestrate": 3, "poll": 3, "settle": 2, "ui": 2, "reports": 1, "admin": 1}
"""Connections per part."""

_IDLE_S = 0.2
_LATE_S = 1.0
_Take = Callable[[], Awaitable[None]]
_Rate = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Stats:
    """What a workload has done since it started: counts only."""

    statements: int
    reconnects: int
    late: int
    """Turns given up because the part was more than a second behind."""
    done: Mapping[str, int]
    errors: Mapping[str, int]
    """By SQLSTATE, or by the class of the error where the server gave none."""


class Workload:
    """A bounded, seeded load on a database that `schema.install` prepared.

    Use as an async context manager, or start() and stop(). Errors and restarts of the server are counted and
    survived; `rates` may be replaced while it runs.
    """

    def __init__(self, dsn: str, rates: Rates | None = None, seed: int = 1) -> None:
        self._dsn = dsn
        self._rates = rates or Rates()
        self._rng = random.Random(seed)
        self._tally = Tally()
        self._sessions: list[Session] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._shared: Shared | None = None
        self._started = 0.0

    @property
    def rates(self) -> Rates:
        """The rates in force."""
        return self._rates

    @rates.setter
    def rates(self, rates: Rates) -> None:
        self._rates = rates
        if self._shared:
            self._shared.rates = rates

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Begin; SandboxError if the database is not a sandbox's, psycopg.Error if it cannot be reached."""
        await require(self._dsn)
        self._started = asyncio.get_running_loop().time()
        self._shared = await self._share()
        for make in (self._start_flow, self._start_people):
            make(self._shared)

    async def stop(self) -> None:
        """End every task and connection, within a few seconds even if the server hangs."""
        tasks, self._tasks = self._tasks, []
        sessions, self._sessions = self._sessions, []
        await end_all(tasks, sessions)

    def stats(self) -> Stats:
        """A copy of the counts so far."""
        tally = self._tally
        return Stats(
            tally.statements,
            tally.reconnects,
            tally.late,
            MappingProxyType(dict(tally.done)),
            MappingProxyType(dict(tally.errors)),
        )

    async def _share(self) -> Shared:
        session = self._session("meshhook_admin", "meshhook-admin")
        population = await Population.load(session)
        await session.close()
        noise = "".join(self._rng.choices(string.ascii_letters + string.digits, k=65_536))
        return Shared(self._rates, self._rng, self._tally, population, asyncio.Queue(100), asyncio.Queue(100), noise)

    def _start_flow(self, shared: Shared) -> None:
        api, orchestrator = ("meshhook_api", "meshhook-api"), ("meshhook_orchestrator", "meshhook-orchestrator")
        for _ in range(LANES["intake"]):
            self._lane(Intake(shared, self._session(*api)).take, self._webhook_rate)
        for _ in range(LANES["orchestrate"]):
            self._lane(Orchestrator(shared, self._session(*orchestrator)).take)
        for _ in range(LANES["poll"]):
            self._lane(Poller(shared, self._worker()).take, lambda: self._rates.workers / LANES["poll"])
        for _ in range(LANES["settle"]):
            self._lane(Settler(shared, self._worker()).take)

    def _start_people(self, shared: Shared) -> None:
        for _ in range(LANES["ui"]):
            session = self._session("meshhook_ui", "meshhook-web")
            self._lane(Pages(shared, session).take, lambda: self._rates.ui_per_s / LANES["ui"])
        reports = self._session("meshhook_reports", "meshhook-reports")
        self._lane(Rotation(shared, reports, "reports").take, lambda: self._rates.reports_per_s)
        admin = self._session("meshhook_admin", "meshhook-admin")
        self._lane(Rotation(shared, admin, "admin").take, lambda: self._rates.admin_per_s)

    def _webhook_rate(self) -> float:
        seconds = asyncio.get_running_loop().time() - self._started
        return self._rates.webhooks_at(seconds) / LANES["intake"]

    def _worker(self) -> Session:
        # A worker's statements repeat without a change of their text, so the driver prepares them.
        return self._session("meshhook_worker", "meshhook-worker", assume="service_role", prepared=True)

    def _session(self, role: str, name: str, *, assume: str = "", prepared: bool = False) -> Session:
        session = Session(self._dsn, role, name, self._tally, assume=assume, prepared=prepared)
        self._sessions.append(session)
        return session

    def _lane(self, take: _Take, rate: _Rate | None = None) -> None:
        self._tasks.append(asyncio.create_task(self._drive(take, rate)))

    async def _drive(self, take: _Take, rate: _Rate | None) -> None:
        """Take turns for ever: at random moments of this mean rate, or whenever there is something to take."""
        due = asyncio.get_running_loop().time()
        while True:
            if rate is not None:
                due = await self._turn(due, rate)
            try:
                await take()
            except psycopg.Error as error:
                self._tally.errors[error.sqlstate or type(error).__name__] += 1

    async def _turn(self, due: float, rate: _Rate) -> float:
        """Sleep until the next turn; a lane that is too late forgets what it missed instead of catching up."""
        clock = asyncio.get_running_loop().time
        while True:
            if (per_s := rate()) > 0:
                due += self._rng.expovariate(per_s)
                if due < clock() - _LATE_S:
                    self._tally.late += 1
                    due = clock()
                await asyncio.sleep(max(0.0, due - clock()))
                # Asked again: the part may have been switched off meanwhile.
                if rate() > 0:
                    return due
            await asyncio.sleep(_IDLE_S)
            due = clock()


def _arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pgvigil.sandbox.workload", description=__doc__)
    parser.add_argument("dsn", help="a superuser's connection string to an empty database or a sandbox's")
    parser.add_argument("--for", dest="seconds", type=float, default=30.0, help="seconds to run (30)")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the seed if it has to be made (1.0)")
    parser.add_argument("--seed", type=int, default=1)
    for rate in fields(Rates):
        flag, usual = f"--{rate.name.replace('_', '-')}", getattr(Rates(), rate.name)
        parser.add_argument(flag, type=type(usual), default=usual, metavar="N", help=f"({usual:g})")
    return parser.parse_args(words)


def _rates(arguments: argparse.Namespace) -> Rates:
    return Rates(**{rate.name: getattr(arguments, rate.name) for rate in fields(Rates)})


async def _main(arguments: argparse.Namespace) -> None:
    rates = _rates(arguments)  # refused before anything is made
    await install(arguments.dsn, arguments.scale)
    async with Workload(arguments.dsn, rates, arguments.seed) as load:
        await asyncio.sleep(arguments.seconds)
        sys.stdout.write(f"{load.stats()}\n")


if __name__ == "__main__":
    run(_main(_arguments()))
