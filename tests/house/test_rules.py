"""The rules for test runs hold: each is broken on purpose in a small run of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import fix_house
from pgvigil.sandbox.environment import clean_environment

_CONFTEST = """
import fix_house
pytest_plugins = ["fix_house"]
fix_house.SLOW = 0.2
fix_house.os.getloadavg = lambda: (0.0, 0.0, 0.0)
fix_house._SKIPS = __import__("pathlib").Path(__file__).with_name("skips.toml")
"""
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs pytest on one file of the given text, with the house's rules."""
    (tmp_path / "conftest.py").write_text(_CONFTEST)
    (tmp_path / "skips.toml").write_text('[[skip]]\nname = "test_it.py::test_named"\nreason = "for this test"\n')
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nmarkers =\n slow(reason): x\n soak(what, twin): x\n pg(*majors): x\naddopts = --strict-markers\n"
    )

    def run_it(text: str, *, ci: bool) -> "subprocess.CompletedProcess[str]":
        (tmp_path / "test_it.py").write_text("import pytest, time\n" + text)
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", str(tmp_path)],
            cwd=tmp_path,
            env=clean_environment(
                {
                    "PYTHONPATH": os.pathsep.join(sys.path),
                    "PYTEST_ADDOPTS": "",
                    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # a run without them starts five times faster
                    "CI": "true" if ci else "",
                }
            ),
            capture_output=True,
            text=True,
            check=False,
        )

    return run_it


_ALL_KINDS = """
def test_skipped(): pytest.skip("get it with: apt install it")

@pytest.mark.skipif(True, reason="because")
def test_skipped_by_a_mark(): pass

@pytest.mark.parametrize("n", [1, 2])
def test_named(n): pytest.skip("because")

@pytest.mark.xfail(reason="known")
def test_expected_failure(): assert False

def test_slow(): time.sleep(0.3)

@pytest.mark.slow(reason="waits")
def test_slow_with_its_reason(): time.sleep(0.3)

@pytest.mark.soak("sleep", twin="test_slow")
def test_long_by_nature(): time.sleep(0.3)

@pytest.fixture
def prepared(): time.sleep(0.15)

def test_slow_to_prepare(prepared): time.sleep(0.15)
"""


def outcomes(done: "subprocess.CompletedProcess[str]") -> dict[str, str]:
    """What pytest says at the end of each test: name and outcome; of skipped ones it names no test."""
    words = (line.split() for line in done.stdout.splitlines() if line.split()[:1])
    return {word[1].rpartition("::")[2]: word[0] for word in words if word[0] in _WORDS and "::" in word[1]}


_WORDS = {"PASSED", "FAILED", "XFAIL", "ERROR"}


def test_on_ones_own_machine_skips_pass_and_are_told_and_slow_tests_fail(run: Run) -> None:
    done = run(_ALL_KINDS, ci=False)
    assert outcomes(done) == {
        "test_expected_failure": "XFAIL",
        "test_slow": "FAILED",
        "test_slow_with_its_reason": "PASSED",
        "test_long_by_nature": "PASSED",
        "test_slow_to_prepare": "FAILED",
    }
    assert "4 skipped" in done.stdout
    assert "SKIPPED, so not tested here" in done.stdout
    assert "test_it.py::test_skipped: Skipped: get it with: apt install it" in done.stdout
    assert "needs @pytest.mark.slow(reason=...)" in done.stdout
    header = done.stdout.partition("collected")[0]
    assert all(f"  {major}" in header for major in (14, 15, 16, 17, 18))
    assert "slowest 15 durations" in done.stdout
    assert done.returncode == 1


def test_in_ci_a_skip_that_is_not_named_fails(run: Run) -> None:
    done = run(_ALL_KINDS, ci=True)
    assert outcomes(done) == {
        "test_skipped": "FAILED",
        "test_skipped_by_a_mark": "ERROR",  # it is skipped before it is called
        "test_expected_failure": "XFAIL",
        "test_slow": "FAILED",
        "test_slow_with_its_reason": "PASSED",
        "test_long_by_nature": "PASSED",
        "test_slow_to_prepare": "FAILED",
    }
    assert "2 skipped" in done.stdout
    assert "not named in tests/skips.toml: Skipped: get it with: apt install it" in done.stdout
    assert done.returncode == 1


def test_in_ci_a_skip_of_a_whole_file_fails(run: Run) -> None:
    done = run("pytest.skip('because', allow_module_level=True)", ci=True)
    assert done.returncode not in {0, 5}
    assert "not named in tests/skips.toml: Skipped: because" in done.stdout


def test_a_busy_machine_makes_no_test_as_slow_as_it_likes(run: Run) -> None:
    words = "import fix_house\nfix_house.os.getloadavg = lambda: (1e6, 0.0, 0.0)\n"
    done = run(f"{words}def test_a_little(): time.sleep(0.4)\ndef test_much(): time.sleep(0.7)", ci=False)
    assert outcomes(done) == {"test_a_little": "PASSED", "test_much": "FAILED"}


@pytest.mark.parametrize(
    ("runnable", "slowness"), [(0, 1), (4, 1), (6, 1.5), (8, 2), (12, fix_house.PATIENCE), (1e6, fix_house.PATIENCE)]
)
def test_a_limit_grows_with_the_load_of_the_machine_up_to_a_bound(
    monkeypatch: pytest.MonkeyPatch, runnable: float, slowness: float
) -> None:
    monkeypatch.setattr("os.getloadavg", lambda: (runnable, 0.0, 0.0))
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert fix_house.PATIENCE <= 3
    assert fix_house.slowed_by() == slowness


def test_the_mark_slow_needs_its_reason(run: Run) -> None:
    done = run("@pytest.mark.slow\ndef test_it(): pass", ci=False)
    assert done.returncode not in {0, 5}
    assert "the mark slow needs its reason" in done.stdout + done.stderr
