"""Each fault of the sandbox, switched on alone, is what the verdict says first, with the culprit's name."""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from fix_monitor import MakeMonitor, Monitor
from fix_servers import MakeServer
from fix_soak import Figures
from pgvigil.sandbox.faults import FAULTS, inject
from pgvigil.sandbox.roles import make_monitor
from pgvigil.sandbox.schema import install
from pgvigil.sandbox.server import Server
from pgvigil.sandbox.workload import Workload

WITHIN = 30.0
"""Seconds from the fault to its name."""

CALM = 150.0
"""Seconds after a fault until what it left behind is no news any more: the longest window of a rule, and a vacuum."""

BASELINE = 330.0
"""Seconds of load before the first fault: what is compared with the hour before needs five minutes of it."""


@dataclass(frozen=True, slots=True)
class Named:
    """Which rule has to be first, and what its sentences have to hold."""

    rule: str
    culprit: str


FIRST: Mapping[str, Named] = {
    "lock-pile-up": Named("blocked", r"pid \d+ \(`fault:lock-pile-up holder`\).*`(public\.)?workflow_runs`"),
    "missing-index": Named("statement_risen", "workflow_events"),
    "idle-in-transaction": Named("idle_in_transaction", r"`fault:idle-in-transaction`"),
    "connection-flood": Named("connections_high", "`fault:connection-flood`"),
    "runaway-query": Named("long_statement", "`fault:runaway-query`"),
    "checkpoint-storm": Named("checkpoints_requested", "pg_logical_emit_message|checkpoint_pages"),
    "deadlocks": Named("deadlocks", "`fault:deadlocks`.*user_settings"),
    "temp-spill": Named("temp_files", r"row_number\(\) over.*`meshhook_reports`"),
    "dead-rows": Named("dead_rows", "`q_workflow_jobs`"),
    "plan-regression": Named("statement_risen", "job_tracking"),
    "ddl-queue": Named("blocked", r"pid \d+ \(`fault:ddl-queue holder`\).*`workflow_definitions`"),
    "error-storm": Named("errors", "`fault:error-storm`|database `postgres`"),
    "queue-backlog": Named("queue_late", "Queue `workflow_jobs`"),
    "partition-gap": Named("partitions_end", "`workflow_events`"),
}
QUICK = ("lock-pile-up", "connection-flood", "partition-gap")


def test_every_fault_is_expected_to_be_named() -> None:
    assert FIRST.keys() == FAULTS.keys()


@contextlib.asynccontextmanager
async def watched_sandbox(server: Server, monitor: MakeMonitor) -> AsyncIterator[Monitor]:
    """The sandbox under its load, and a monitor that has begun to watch it."""
    await install(server.dsn())
    server.passwords["pgvigil"] = await make_monitor(server.dsn())
    async with Workload(server.dsn()):
        yield await asyncio.to_thread(monitor, server.dsn("pgvigil"))


def said(running: Monitor) -> list[Mapping[str, Any]]:
    name = running.get("/api/v1/targets")["targets"][0]["name"]
    subjects: list[Mapping[str, Any]] = running.get(f"/api/v1/targets/{name}/verdict")["subjects"]
    return subjects


def words(subject: Mapping[str, Any]) -> str:
    return f"{subject['headline']} {' '.join(subject['details'])}"


async def calm(running: Monitor, seconds: float) -> None:
    """Wait until nothing is told any more; what stays is told by whoever looks for something else first."""
    for _ in range(round(seconds)):
        if not await asyncio.to_thread(said, running):
            return
        await asyncio.sleep(1)


async def named(running: Monitor, server: Server, fault: str) -> tuple[float | None, str]:
    """After how many seconds the fault was what the verdict says first, and what it said last."""
    expected, latest = FIRST[fault], ""
    async with inject(fault, server.dsn(), WITHIN + 15):
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < WITHIN:
            subjects = await asyncio.to_thread(said, running)
            if subjects:
                latest = f"{subjects[0]['rule']}: {words(subjects[0])}"
                if subjects[0]["rule"] == expected.rule and re.search(expected.culprit, latest):
                    return passed, latest
            await asyncio.sleep(0.5)
    return None, latest


@pytest.mark.slow(reason="three faults, one after the other, each given time to be seen and to be forgotten")
async def test_a_fault_is_named_first(monitor: MakeMonitor, private_server: MakeServer) -> None:
    server = await asyncio.to_thread(private_server)
    async with watched_sandbox(server, monitor) as running:
        for fault in QUICK:
            await calm(running, CALM)
            after, latest = await named(running, server, fault)
            assert after is not None, (fault, latest)


@pytest.mark.soak(
    "each of the sandbox's faults, alone, is what the verdict says first", twin="test_a_fault_is_named_first"
)
async def test_every_fault_is_named_first(monitor: MakeMonitor, private_server: MakeServer, figures: Figures) -> None:
    server = await asyncio.to_thread(private_server)
    found: dict[str, tuple[float | None, str]] = {}
    async with watched_sandbox(server, monitor) as running:
        await asyncio.sleep(BASELINE)
        alarms = await asyncio.to_thread(said, running)
        assert [words(each) for each in alarms] == [], "something is told although nothing is wrong"
        for fault in FIRST:
            found[fault] = await named(running, server, fault)
            print(fault, *found[fault], flush=True)
            await calm(running, CALM)
    missed = {fault: latest for fault, (after, latest) in found.items() if after is None}
    times = sorted((after, fault) for fault, (after, _) in found.items() if after is not None)
    figures(f"{len(times)} of {len(found)} named first, the slowest {times[-1][1]} after {times[-1][0]:.0f} s")
    assert missed == {}
