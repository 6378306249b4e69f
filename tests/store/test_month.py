"""The file stops growing once retention holds: simulated days through append and upkeep."""

import json
import os
import subprocess
import sys

import pytest
from bench.store_month import Seen, words

from fix_soak import Figures
from house.test_setup import ROOT

DAY = 86_400
RUN = """
from pgvigil.cli.allocators import give_back_soon
give_back_soon()
import runpy
runpy.run_module("store.month", run_name="__main__")
"""


def run(url: str, **order: object) -> tuple[Seen, float]:
    """What was seen, and MB of the process before there was a store."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests"), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps({"url": url, "probes": [], "share": 1.0, **order})],
        env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert told["kept"] > 0
    return Seen(told["sizes"], told["commits"], told["rss"]), told["before"]


def test_the_file_stops_growing_once_retention_holds(url: str, seed: int) -> None:
    retention = (2 * 3_600, 6 * 3_600, DAY / 2)
    seen, before = run(url, hours=66, retention=retention, step=600, seed=seed, share=0.1, probes=["statements"])
    assert max(seen.sizes) > 2 * seen.sizes[0]  # it did grow before
    assert seen.growth < 0.1
    assert before < seen.rss <= 220


@pytest.mark.soak(
    "thirty simulated days of load R, a pass a minute, through append and upkeep",
    twin="test_the_file_stops_growing_once_retention_holds",
)
@pytest.mark.alone
@pytest.mark.timeout(7_200)
def test_thirty_days(url: str, seed: int, figures: Figures) -> None:
    retention = (2 * DAY, 10 * DAY, 18 * DAY)
    seen, before = run(url, hours=30 * 24, retention=retention, step=60, seed=seed)
    figures(f"{'; '.join(words(seen))}, {before:.0f} before the store was opened")
    assert seen.growth < 0.02
    assert seen.rss <= 220
