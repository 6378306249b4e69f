"""While the disk takes nothing, whoever asks is told so and why; what is collected waits until there is room."""

import resource
import sys
from typing import Any

import pytest

from fix_monitor import MakeMonitor, Monitor
from fix_servers import MONITOR, Database

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux only: prlimit of another process")

LIMIT = 64 * 1024
"""Bytes; every file of a store is larger, and a log is not."""


def limit(running: Monitor, size: int) -> None:
    """Let no file of the running monitor be written beyond `size` bytes: to the engine that is a full disk."""
    _, hard = resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (size, hard))


def state(running: Monitor) -> Any:
    (target,) = running.get("/api/v1/targets")["targets"]
    return target["state"]


def passes(running: Monitor) -> int:
    counted: int = running.sql("select count(*) as n from passes where probe = 'statements' and outcome = 'ok'")[0]["n"]
    return counted


@pytest.mark.slow(reason="fills a disk, and waits until it is told and mended")
def test_a_full_disk_is_told_while_it_lasts_and_nothing_is_lost(monitor: MakeMonitor, database: Database) -> None:
    running = monitor(database.dsn(MONITOR))
    running.wait_for("a pass", lambda: passes(running) >= 1)
    limit(running, LIMIT)
    told = running.wait_for(
        "the cause", lambda: state(running) if "could not be written" in state(running)["cause"] else None
    )
    assert told["condition"] == "limited"
    assert "held in memory" in told["remedy"]
    assert "could not be written" in running.get("/readyz")["store"]
    assert "could not be written" in running.log.read_text()
    limit(running, resource.RLIM_INFINITY)
    running.wait_for("the end of it", lambda: state(running)["condition"] == "watching")
    assert running.get("/readyz")["store"] is None
    assert running.sql("select count(*) as n from gaps where reason = 'store'") == [{"n": 0}]
    told_of = [line for line in running.log.read_text().splitlines() if "could not be written" in line]
    assert len(told_of) <= 2
