"""`make test` runs what shares the machine and then what needs it for itself, and fails where either does."""

import shutil
import subprocess
from pathlib import Path

import pytest

from house.test_setup import ROOT

_PYTHON = """#!/bin/sh
echo "$*" >> said
case "$*" in *"not alone"*) exit SHARED;; *) exit ALONE;; esac
"""


_DATE = """#!/bin/sh
[ ! -e asked ] || { echo ENDED; exit; }
touch asked
echo 1000
"""


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def prepare(checkout: Path, shared: int, alone: int) -> None:
    """A checkout whose pytest ends with these statuses."""
    (checkout / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "test", checkout / "tools")
    program(checkout / ".venv/bin/python", _PYTHON.replace("SHARED", str(shared)).replace("ALONE", str(alone)))


@pytest.mark.parametrize(
    ("shared", "alone", "status"), [(0, 0, 0), (1, 0, 1), (0, 1, 1), (5, 0, 0), (0, 5, 0), (5, 5, 5), (5, 1, 1)]
)
def test_both_halves_run_and_either_may_fail(tmp_path: Path, shared: int, alone: int, status: int) -> None:
    prepare(tmp_path, shared, alone)
    done = subprocess.run([tmp_path / "tools" / "test", "3", "-k", "word"], check=False)
    assert done.returncode == status
    assert (tmp_path / "said").read_text().splitlines() == [
        "-m pytest -m not soak and not alone -n 3 --dist loadfile -k word",
        "-m pytest -m alone and not soak -k word",
    ]


@pytest.mark.parametrize(("ci", "took", "status"), [("true", 1200, 0), ("true", 1201, 1), ("", 1201, 0)])
def test_the_time_of_both_is_told_and_in_ci_it_is_bounded(tmp_path: Path, ci: str, took: int, status: int) -> None:
    prepare(tmp_path, 0, 0)
    program(tmp_path / "bin" / "date", _DATE.replace("ENDED", str(1000 + took)))
    environment = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "CI": ci}
    done = subprocess.run(
        [str(tmp_path / "tools" / "test"), "3"], check=False, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert f"test: 20 min {took - 1200} s in all" in done.stdout
    assert ("20 minutes are promised" in done.stdout) == bool(status)
    assert done.returncode == status
