"""The rules of the house for a test run: nothing skipped in silence, nothing slow without a reason."""

import os
import tomllib
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pgvigil.sandbox import binaries
from pgvigil.sandbox.binaries import MAJORS, BinariesMissingError

SLOW = 30.0  # s of a machine that does nothing else; above it a test carries the mark `slow` with its reason
PATIENCE = 3.0  # at most so many times longer a limit gets, however busy the machine is
_SECONDS = {"web": 4.0, "e2e": 4.0, "chaos": 10.0, "cli": 1.0, "pg_probes": 0.5, "collect": 1.0}
_LONG_WITHIN = 0.8
"""Of all short files those among which the long ones are spread."""
_set_up = pytest.StashKey[float]()
_SKIPS = Path(__file__).with_name("skips.toml")


def allowed_skips() -> dict[str, str]:
    """The tests that may be skipped with CI=true: name without parameters, and the reason."""
    entries = tomllib.loads(_SKIPS.read_text()).get("skip", [])
    return {entry["name"]: entry["reason"] for entry in entries}


def may_skip(nodeid: str) -> bool:
    """Whether a skip of this test is in order here: locally always, with CI=true when skips.toml names it."""
    return os.environ.get("CI") != "true" or nodeid.partition("[")[0] in allowed_skips()


def slowed_by() -> float:
    """How many times longer things take now because the machine has other work: runnable tasks per core, from 1 to
    PATIENCE, so that no limit grows without one."""
    return min(PATIENCE, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))


def pytest_configure(config: pytest.Config) -> None:
    if config.option.durations is None:
        config.option.durations = 15


def pytest_report_header() -> list[str]:
    return ["PostgreSQL servers:", *(f"  {_line(major)}" for major in MAJORS)]


def _line(major: int) -> str:
    try:
        found = binaries.find(major)
    except BinariesMissingError as missing:
        return f"{major}: MISSING. {missing}"
    return f"{found.version} in {found.prefix}"


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and not may_skip(item.nodeid):
        report.outcome = "failed"
        report.longrepr = f"skipped with CI=true and not named in tests/skips.toml: {_reason(report)}"
    if report.when == "setup":
        item.stash[_set_up] = report.duration
    if report.when == "call" and report.passed and not _may_be_slow(item):
        took = item.stash[_set_up] + report.duration
        if took > SLOW * slowed_by():
            report.outcome = "failed"
            report.longrepr = f"took {took:.0f} s; above {SLOW:.0f} s a test needs @pytest.mark.slow(reason=...)"
    return report


def _may_be_slow(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("slow", "soak"))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped and not may_skip(collector.nodeid):
        report.outcome = "failed"
        report.longrepr = f"skipped with CI=true and not named in tests/skips.toml: {_reason(report)}"
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        mark = item.get_closest_marker("slow")
        if mark is not None and not (mark.args or mark.kwargs.get("reason")):
            raise pytest.UsageError(f"{item.nodeid}: the mark slow needs its reason")
    items[:] = spread(items)


def spread(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Files that take long evenly among the others, the longest first and none of them last: so they neither come all
    at once, each taking the machine from the others, nor does everybody wait for the last one."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    seconds = {path: sum(map(_about, own)) for path, own in files.items()}
    long = sorted((path for path in files if seconds[path] > SLOW), key=lambda path: -seconds[path])
    short = [path for path in files if seconds[path] <= SLOW]
    every = max(1, int(_LONG_WITHIN * len(short) / max(1, len(long))))
    ordered: list[Path] = []
    for place, path in enumerate(short):
        if place % every == 0:
            ordered += long[place // every : place // every + 1]
        ordered.append(path)
    ordered += [path for path in long if path not in ordered]
    return [item for path in ordered for item in files[path]]


def _about(item: pytest.Item) -> float:
    """Seconds that a test takes, roughly."""
    if item.get_closest_marker("slow"):
        return 1.3 * SLOW
    return _SECONDS.get(item.path.parent.name, 0.1)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    terminalreporter.section("SKIPPED, so not tested here", sep="!", red=True)
    for report in skipped:
        terminalreporter.line(f"{report.nodeid}: {_reason(report)}")
