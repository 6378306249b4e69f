"""What is long by nature: the mark `soak`, the seed of a run, and the table that `make soak` leaves in docs/measured.

    @pytest.mark.soak("calls stored against calls made, five rounds", twin="test_that_is_short")
    def test_x(seed: int, figures: Figures): figures("4,711 calls made, 4,711 stored")

The twin is the name of a test of the same file that does the same briefly in every `make test`.
"""

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bench.machine import commit, machine
from bench.table import lines_of, markdown

SEED = "PGVIGIL_SEED"
BEGUN = "TESTS_BEGUN"  # set where a run is of two halves
HEAD = ("test", "what", "figures", "commit", "seed", "date", "took", "verdict")
Figures = Callable[[str], None]
_option = "--soak-table"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(_option, type=Path, help="write a table of the tests marked soak into this file")


def pytest_configure(config: pytest.Config) -> None:
    os.environ.setdefault(SEED, str(random.randrange(10**6)))  # the workers of a run inherit it
    if (path := config.getoption(_option)) and not hasattr(config, "workerinput"):  # workers report to who writes
        config.pluginmanager.register(Table(path), "soak-table")


def pytest_report_header() -> str:
    return f"{SEED}={os.environ[SEED]}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        mark = item.get_closest_marker("soak")
        if mark is not None and not (mark.args and mark.kwargs.get("twin")):
            raise pytest.UsageError(f"{item.nodeid}: the mark soak needs what is measured, and its twin")


@pytest.fixture(scope="session")
def seed() -> int:
    """The seed of this run: PGVIGIL_SEED, or one by chance that the head of the run tells."""
    return int(os.environ[SEED])


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Figures:
    """Tells what was measured, for the table and for the console."""

    def tell(text: str) -> None:
        print(text)
        record_property("figures", text)

    return tell


@pytest.fixture(autouse=True)
def _what(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    if (mark := request.node.get_closest_marker("soak")) is not None:
        record_property("soak", mark.args[0])


class Table:
    """Collects the outcome of every test marked soak; written after each, so that a run that is cut leaves what it
    has. Rows of tests that do not run now stay as an earlier run left them, with its commit, seed and date."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows = _rows(path)
        self._commit = commit()
        self._head = f"The latest run: commit {self._commit}, seed {os.environ[SEED]}, {{}}: {machine()}"
        self._begun = float(os.environ.get(BEGUN, time.time()))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told = dict(report.user_properties)
        if "soak" not in told or not (report.when == "call" or report.failed):
            return
        name = report.nodeid.rpartition("::")[2]
        verdict = "ok" if report.passed else report.outcome.upper()
        figures = "; ".join(str(value) for key, value in report.user_properties if key == "figures")
        took = f"{report.duration:.0f} s"
        run = (self._commit, os.environ[SEED], _today())
        self._rows[name] = (name, str(told["soak"]), figures or "-", *run, took, verdict)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(f"# The soak\n\n{self._told()}\n\n{self._table()}\n")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section(f"soak: {self._told()}")
        terminalreporter.write_line(self._table())

    def _told(self) -> str:
        return f"{self._head.format(_today())}; {(time.time() - self._begun) / 60:.0f} min in all"

    def _table(self) -> str:
        return markdown(HEAD, list(self._rows.values()))


def _today() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())


def _rows(path: Path) -> dict[str, tuple[str, ...]]:
    """The rows of the table that is there."""
    lines = lines_of(path.read_text(encoding="utf-8")) if path.exists() else []
    return {row[0]: row for row in lines if len(row) == len(HEAD) and row != HEAD}
