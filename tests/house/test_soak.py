"""The table of the soak: a row for each of its tests, and each has a short twin in `make test`."""

import ast
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from house.test_setup import ROOT
from pgvigil.sandbox.environment import clean_environment

TESTS = ROOT / "tests"
_TOYS = """
import pytest

@pytest.mark.soak("apples counted", twin="test_short")
def test_long(figures, seed): figures(f"{seed} | apples")

@pytest.mark.soak("what breaks", twin="test_short")
def test_broken(figures): assert False

@pytest.mark.soak("what never starts", twin="test_short")
def test_unmade(missing): pass

def test_short(): pass
"""


def run(place: Path, text: str, *arguments: str, begun: float | None = None) -> "subprocess.CompletedProcess[str]":
    (place / "conftest.py").write_text('pytest_plugins = ["fix_soak"]\n')
    (place / "pytest.ini").write_text("[pytest]\nmarkers =\n soak(what, twin): x\naddopts = --strict-markers\n")
    (place / "test_it.py").write_text(text)
    environment = {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    if begun is not None:
        environment["TESTS_BEGUN"] = str(begun)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments, str(place)],
        cwd=place,
        env=clean_environment({**environment, "PGVIGIL_SEED": "4711"}),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_table_has_a_row_for_each_that_ran_with_figures_seed_and_verdict(tmp_path: Path) -> None:
    file = tmp_path / "measured" / "soak.md"
    done = run(tmp_path, _TOYS, "--soak-table", str(file))
    assert "PGVIGIL_SEED=4711" in done.stdout
    title, _, head, _, names, _, *rows = file.read_text().splitlines()
    assert title == "# The soak"
    assert head.startswith("The latest run: commit ")
    assert "seed 4711" in head
    told = head.split()[4].rstrip(",")
    assert verdicts([names, *rows]) == [
        ("test", "what", "figures", "commit", "seed", "verdict"),
        ("test_long", "apples counted", "4711 / apples", told, "4711", "ok"),
        ("test_broken", "what breaks", "-", told, "4711", "FAILED"),
        ("test_unmade", "what never starts", "-", told, "4711", "FAILED"),
    ]
    assert rows[0] in done.stdout
    assert done.returncode == 1


def verdicts(lines: Sequence[str]) -> list[tuple[str, ...]]:
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [(*row[:5], row[-1]) for row in cells]


def test_rows_of_tests_that_do_not_run_stay_as_they_were(tmp_path: Path) -> None:
    file = tmp_path / "measured" / "soak.md"
    run(tmp_path, _TOYS, "--soak-table", str(file))
    before = file.read_text().splitlines()
    done = run(tmp_path, _TOYS.replace("assert False", "pass"), "--soak-table", str(file), "-k", "broken")
    after = file.read_text().splitlines()
    assert done.returncode == 0
    assert verdicts(after[6:]) == [
        (*row[:-1], "ok") if row[0] == "test_broken" else row for row in verdicts(before[6:])
    ]
    assert after[6] == before[6]


def test_without_being_asked_no_table_is_written(tmp_path: Path) -> None:
    assert "1 passed" in run(tmp_path, "def test_short(seed): assert seed == 4711").stdout
    assert not list(tmp_path.rglob("*.md"))


@pytest.mark.parametrize("mark", ["soak", "soak('what')", "soak(twin='test_x')"])
def test_the_mark_soak_needs_what_and_twin(tmp_path: Path, mark: str) -> None:
    done = run(tmp_path, f"import pytest\n@pytest.mark.{mark}\ndef test_it(): pass")
    assert done.returncode not in {0, 5}
    assert "needs what is measured, and its twin" in done.stdout + done.stderr


def twins() -> list[tuple[Path, str]]:
    """File and name of every twin that a mark names."""
    files = [file for file in sorted(TESTS.rglob("test_*.py")) if "pytest.mark.soak(" in file.read_text()]
    calls = [(file, node) for file in files for node in ast.walk(ast.parse(file.read_text()))]
    return [
        (file, word.value.value)
        for file, call in calls
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.soak"
        for word in call.keywords
        if isinstance(word.value, ast.Constant) and isinstance(word.value.value, str)
    ]


def collected(*arguments: str) -> list[str]:
    """The tests of this project that pytest finds so, without their parameters."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *arguments],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [line.partition("[")[0] for line in done.stdout.splitlines()]


def test_what_make_soak_asks_for_is_understood() -> None:
    """An option of our own with a space before its file is not: the file is taken for one with tests."""
    (line,) = [line for line in (ROOT / "Makefile").read_text().splitlines() if "tools/test soak" in line]
    options = line.partition("$(AT_ONCE) ")[2].partition(" $(ARGS)")[0].split()
    assert "tests/store/test_month.py::test_thirty_days" in collected("-m", "soak", *options)


def test_every_twin_is_a_test_of_make_test() -> None:
    named = twins()
    assert named
    found = collected("-m", "not soak", *sorted({str(file) for file, _ in named}))
    assert {f"{file.relative_to(ROOT)}::{twin}" for file, twin in named} <= set(found)


def test_the_table_tells_how_long_the_run_took_from_the_beginning_of_its_first_half(tmp_path: Path) -> None:
    file = tmp_path / "soak.md"
    run(tmp_path, _TOYS, "--soak-table", str(file), begun=time.time() - 7_000.0)
    assert "; 117 min in all" in file.read_text()


def test_with_workers_the_rows_are_the_same(tmp_path: Path) -> None:
    file = tmp_path / "soak.md"
    run(tmp_path, _TOYS, "--soak-table", str(file), "-p", "xdist", "-n", "2", "--dist", "worksteal")
    rows = verdicts(file.read_text().splitlines()[6:])
    assert {(name, figures, seed, ended) for name, _, figures, _, seed, ended in rows} == {
        ("test_long", "4711 / apples", "4711", "ok"),
        ("test_broken", "-", "4711", "FAILED"),
        ("test_unmade", "-", "4711", "FAILED"),
    }
