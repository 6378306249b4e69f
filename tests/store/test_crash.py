"""Killed at any moment, the store opens again and holds all it promised, once."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from fix_soak import Figures
from pgvigil.store import open_store
from store.crashing import SHORT, doing
from store.toys import DAY, KEY, START, catalog, reading

SOAK = pytest.mark.soak(
    "passes appended beside upkeep and checkpoints, killed at random moments",
    twin="test_no_kept_pass_is_lost_or_doubled_by_a_kill",
)


@pytest.fixture
def zygote() -> Iterator[subprocess.Popen[str]]:
    tests = str(Path(__file__).parents[1])
    path = os.pathsep.join([tests, *(entry for entry in sys.path if entry.endswith("src"))])
    script = str(Path(__file__).with_name("crashing.py"))
    process = subprocess.Popen(
        [sys.executable, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    yield process
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.wait(30)
    process.stdout.close()


def killed_after(process: subprocess.Popen[str], url: str, passes: int, more: float, amid: str = "") -> int:
    """Have a writer write `passes` passes and kill it `more` seconds later, or as soon as its upkeep is `amid` of
    something; the last pass it was promised."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(url + "\n")
    process.stdin.flush()
    writer = int(process.stdout.readline().split()[1])
    promised = [int(process.stdout.readline()) for _ in range(passes)]
    time.sleep(more)
    latest = time.monotonic() + 2.0
    while amid and at_work(url) != amid and time.monotonic() < latest:
        pass
    os.kill(writer, signal.SIGKILL)
    return max([*promised, *numbers_until_dead(process.stdout)])


def at_work(url: str) -> str:
    """What the upkeep is doing, or was when it was killed."""
    return doing(url).read_text().strip() if doing(url).exists() else ""


def numbers_until_dead(lines: IO[str]) -> list[int]:
    found: list[int] = []
    # A number that was not ended with its line is not promised: it may lack digits.
    while not (line := lines.readline().strip()).endswith("dead"):
        found.append(int(line))
    return found


@pytest.mark.parametrize(
    "times",
    [
        pytest.param(20, marks=pytest.mark.slow(reason="20 writers each fill an hour or two and are killed")),
        pytest.param(200, marks=[SOAK, pytest.mark.timeout(3_600)]),
    ],
)
def test_no_kept_pass_is_lost_or_doubled_by_a_kill(
    url: str, zygote: subprocess.Popen[str], times: int, seed: int, figures: Figures
) -> None:
    dice = random.Random(seed)
    kept = 0
    ended: Counter[str] = Counter()
    for life in range(times):
        amid = ("", "checkpoint", "", "roll up")[life % 4]
        promised = killed_after(zygote, url, dice.randint(1, 25), dice.random() / 5, amid)
        ended[at_work(url)] += 1
        store = open_store(url, KEY, catalog(), retention=SHORT, read_only=True)
        kept, calls, wal = store.query(
            "SELECT (SELECT sum(runs) FROM passes WHERE probe = 'wal'), (SELECT sum(calls) FROM statements), "
            "(SELECT sum(wal_bytes) FROM wal)"
        ).rows[0]
        assert promised <= kept <= promised + 1
        assert (calls, wal) == (50 * kept, kept)
        by_days = store.relation("statements", 0, START + 10_000 * DAY, DAY)
        assert store.query(f"SELECT sum(calls) FROM {by_days}").rows == [(calls,)]
        found = reading(store, "statements")
        assert found is not None
        assert {row[found.names.index("calls")] for row in found.rows} == {kept}
        assert len(found.rows) == 50
        store.close()
    upkeep_ran = open_store(url, KEY, catalog(), retention=SHORT, read_only=True)
    assert upkeep_ran.query("SELECT count(*) FROM statements_1h").rows[0][0] > 0
    assert upkeep_ran.query("SELECT count(*) FROM statements_closed").rows[0][0] > 0
    upkeep_ran.close()
    assert ended["checkpoint"] > 0
    assert ended["roll up"] > 0
    told = f"{ended['checkpoint']} amid a checkpoint, {ended['roll up']} amid a roll-up"
    figures(f"killed {times} times, {told}, {kept} passes kept, none that was promised lost, none doubled")
