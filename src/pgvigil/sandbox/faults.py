"""The faults: the table of what can be made to go wrong, and how.

`python -m pgvigil.sandbox.faults DSN lock-pile-up --for 30` switches one on; Ctrl-C takes it back before.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from itertools import cycle
from types import MappingProxyType

import psycopg

from pgvigil.sandbox.console import run
from pgvigil.sandbox.injection import Act, Fault, Injection, Scene
from pgvigil.sandbox.schema import SandboxError
from pgvigil.sandbox.statements import named

WAITERS = 12
"""Sessions that pile up behind the one that holds a row."""

FLOOD_AT_MOST = 400
"""Connections that the flood opens at most, however large max_connections is."""


async def _lock_pile_up(scene: Scene) -> None:
    holder = await scene.session("meshhook_orchestrator", "holder")
    ((run,),) = await holder.run("pick_run")
    await holder.run("lock_run", run=run)
    for _ in range(WAITERS):
        waiter = await scene.session("meshhook_orchestrator", "waiter")
        scene.background(waiter.run("lock_run", run=run))


async def _missing_index(scene: Scene) -> None:
    rows = await (await scene.owner()).run("needed_index")
    if not rows:
        raise SandboxError("fault missing-index: the index of this month's events is missing already")
    drop, clear, create = rows[0]
    scene.on_end_texts(clear, create)
    await scene.change_texts(drop)


async def _idle_in_transaction(scene: Scene) -> None:
    sleeper = await scene.session("meshhook_api", default_transaction_isolation="repeatable\\ read")
    await sleeper.run("hold_snapshot")
    await sleeper.run("touch_setting")


async def _connection_flood(scene: Scene) -> None:
    ((room,),) = await (await scene.owner("count")).run("connection_room")
    for _ in range(min(room, FLOOD_AT_MOST)):
        try:
            await (await scene.session("meshhook_api", autocommit=True)).run("flooding")
        except psycopg.OperationalError:
            # Someone else took the room meanwhile: full is what was wanted.
            return


async def _runaway_query(scene: Scene) -> None:
    session = await scene.session("meshhook_reports", max_parallel_workers_per_gather=0)
    scene.background(session.run("runaway"))


async def _checkpoint_storm(scene: Scene) -> None:
    scene.on_end("drop_checkpoint_table")
    await scene.change("checkpoint_table")
    owner = await scene.owner()

    async def storm() -> None:
        for name in ("dirty_pages", "more_wal", "checkpoint"):
            await owner.run(name)

    scene.repeat(storm, every_s=1.0)


async def _deadlocks(scene: Scene) -> None:
    first, second = await scene.session("meshhook_api"), await scene.session("meshhook_api")
    users = [row[0] for row in await first.run("two_users")]
    await first.rollback()
    scene.repeat(lambda: _deadlock(first, second, users), every_s=1.0)


async def _deadlock(first: Act, second: Act, users: list[str]) -> None:
    one, two = users
    await first.run("take_user", user=one)
    await second.run("take_user", user=two)
    await asyncio.gather(first.run("take_user", user=two), second.run("take_user", user=one), return_exceptions=True)
    await first.rollback()
    await second.rollback()


async def _temp_spill(scene: Scene) -> None:
    session = await scene.session("meshhook_reports", autocommit=True, work_mem="64kB")
    scene.repeat(lambda: session.run("spill"), every_s=0.5)


async def _dead_rows(scene: Scene) -> None:
    for undo in ("vacuum_queue", "autovacuum_on", "drop_churn_messages"):  # the last one is run first
        scene.on_end(undo)
    await scene.change("autovacuum_off", "churn_messages")
    owner = await scene.owner()
    scene.repeat(lambda: owner.run("churn"), every_s=0.2)


async def _plan_regression(scene: Scene) -> None:
    scene.on_end("straighten_statistics", "analyze_tracking")
    await scene.change("skew_statistics", "analyze_tracking")
    session = await scene.session("meshhook_api", autocommit=True)
    jobs = cycle([row[0] for row in await session.run("some_jobs")])
    scene.repeat(lambda: session.run("find_job", job=next(jobs)), every_s=0.1)


async def _ddl_queue(scene: Scene) -> None:
    holder = await scene.session("meshhook_reports", "holder")
    await holder.run("hold_definitions")
    # Its transaction is never committed, so the column never comes to be, even if the lock is granted.
    migration = await scene.session("meshhook_admin", "migration")
    scene.background(migration.run("alter_definitions"))
    for _ in range(6):
        reader = await scene.session("meshhook_api", "reader")
        scene.background(reader.run("read_definition"))


async def _error_storm(scene: Scene) -> None:
    session = await scene.session("meshhook_api", autocommit=True)
    failing = cycle(named("fault_errors.sql").values())

    async def fail() -> None:
        await session.conn.execute(next(failing).encode())

    scene.repeat(fail, every_s=0.1)


async def _queue_backlog(scene: Scene) -> None:
    scene.on_end("drop_backlog", "vacuum_queue")
    await scene.change("backlog")


async def _partition_gap(scene: Scene) -> None:
    months = await (await scene.owner()).run("months_ahead")
    for drop, attach in months:
        scene.on_end_texts(attach)
        await scene.change_texts(drop)


def _fault(name: str, limit_s: float, cause: Callable[[Scene], Awaitable[None]], summary: str) -> tuple[str, Fault]:
    return name, Fault(name, summary, limit_s, cause)


FAULTS: Mapping[str, Fault] = MappingProxyType(
    dict(
        (
            _fault("lock-pile-up", 120, _lock_pile_up, "A transaction holds a run's row, idle; 12 others wait for it"),
            _fault("missing-index", 180, _missing_index, "The index that replays need is gone; each reads the month"),
            _fault(
                "idle-in-transaction", 300, _idle_in_transaction, "A transaction sits idle with a snapshot and a row"
            ),
            _fault("connection-flood", 120, _connection_flood, "Idle sessions fill 90 % of the ordinary connections"),
            _fault("runaway-query", 120, _runaway_query, "A report without a join condition burns a CPU"),
            _fault("checkpoint-storm", 120, _checkpoint_storm, "Much WAL and a requested checkpoint every second"),
            _fault("deadlocks", 120, _deadlocks, "Two sessions lock two rows in opposite order, again and again"),
            _fault("temp-spill", 120, _temp_spill, "A sort with too little work_mem writes temporary files"),
            _fault("dead-rows", 180, _dead_rows, "The queue's rows are updated with autovacuum off"),
            _fault("plan-regression", 180, _plan_regression, "Wrong statistics turn an index lookup into a full scan"),
            _fault("ddl-queue", 30, _ddl_queue, "An ALTER TABLE waits for a reader, and everyone waits for it"),
            _fault("error-storm", 120, _error_storm, "Ten failing statements a second, ten kinds of error"),
            _fault("queue-backlog", 300, _queue_backlog, "11,000 jobs lie in the queue, the oldest for an hour"),
            _fault("partition-gap", 300, _partition_gap, "The coming months have no partition"),
        )
    )
)
"""Every fault by name."""


def inject(name: str, dsn: str, limit_s: float | None = None) -> Injection:
    """The named fault, not yet started; SandboxError names those there are."""
    if name not in FAULTS:
        raise SandboxError(f"fault {name!r} is unknown; there are {', '.join(FAULTS)}")
    return Injection(FAULTS[name], dsn, limit_s)


async def _main(arguments: argparse.Namespace) -> None:
    async with inject(arguments.name, arguments.dsn, arguments.seconds) as injection:
        sys.stdout.write(f"{arguments.name} on: {injection.fault.summary}\n")
        sys.stdout.flush()
        await injection.ended()
    sys.stdout.write(f"{arguments.name} off\n")


def _arguments() -> argparse.Namespace:
    lines = "\n".join(f"  {fault.name:20} {fault.summary}" for fault in FAULTS.values())
    parser = argparse.ArgumentParser(
        prog="python -m pgvigil.sandbox.faults", epilog=lines, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dsn", help="a superuser's connection string to the sandbox's database")
    parser.add_argument("name", choices=FAULTS, metavar="NAME", help="one of those below")
    parser.add_argument("--for", dest="seconds", type=float, help="seconds to stay on; else the fault's own limit")
    return parser.parse_args()


if __name__ == "__main__":
    run(_main(_arguments()))
