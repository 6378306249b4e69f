"""The rules of the house for a test run: nothing skipped in silence, nothing slow without a reason."""

import os
import tomllib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pgvigil.sandbox import binaries
from pgvigil.sandbox.binaries import MAJORS, BinariesMissingError

SLOW = 30.0  # s of a machine that does nothing else; above it a test carries the mark `slow` with its reason
PATIENCE = 3.0  # at most so many times longer a limit gets, however busy the machine is
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


def pytest_terminal_summary(terminalreporter: Any) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    terminalreporter.section("SKIPPED, so not tested here", sep="!", red=True)
    for report in skipped:
        terminalreporter.line(f"{report.nodeid}: {_reason(report)}")
