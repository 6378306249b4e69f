"""A full disk: what is seen is held in memory, the state says so, and it goes on by itself."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from store.filling import ROWS, TEXTS


def fill(url: str, bound: int, limit: int) -> dict[str, Any]:
    tests = str(Path(__file__).parents[1])
    path = os.pathsep.join([tests, *(entry for entry in sys.path if entry.endswith("src"))])
    ended = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("filling.py")), url, str(bound), str(limit)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


# With the lower limit even what opening the file again writes does not fit.
LIMITS = (300_000, 700_000)


@pytest.mark.parametrize("limit", LIMITS)
def test_nothing_is_lost_while_memory_has_room(url: str, limit: int) -> None:
    found = fill(url, 64 * 2**20, limit)
    assert "Could not write file" in found["cause"]
    assert found["held"] == 30
    assert found["meanwhile"] == 5
    assert found["cause_after"] == ""
    assert (found["passes"], found["calls"], found["gaps"]) == (36, 36 * ROWS, [])
    assert found["texts"] == TEXTS


@pytest.mark.parametrize("limit", LIMITS)
def test_what_there_is_no_room_for_is_a_gap(url: str, limit: int) -> None:
    found = fill(url, 10**6, limit)
    assert found["held_bytes"] <= 10**6
    assert found["dropped"] > 0
    assert found["held"] + found["dropped"] == 30
    lost = 36 - found["passes"]
    assert found["dropped"] <= lost <= found["dropped"] + 1  # the last append may have pushed one more out
    assert found["calls"] == found["passes"] * ROWS
    # Whoever told the texts of a pass that was let go takes them for kept, and they are.
    assert found["texts"] == TEXTS
    # The oldest were let go, one after the other: one gap from before the first to the last of them.
    assert found["gaps"] == [[5 * 10_000_000, (5 + lost) * 10_000_000, "store"]]
