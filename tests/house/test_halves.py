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


@pytest.mark.parametrize(
    ("shared", "alone", "status"), [(0, 0, 0), (1, 0, 1), (0, 1, 1), (5, 0, 0), (0, 5, 0), (5, 5, 5), (5, 1, 1)]
)
def test_both_halves_run_and_either_may_fail(tmp_path: Path, shared: int, alone: int, status: int) -> None:
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "test", tmp_path / "tools")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(_PYTHON.replace("SHARED", str(shared)).replace("ALONE", str(alone)))
    python.chmod(0o755)
    done = subprocess.run([tmp_path / "tools" / "test", "3", "-k", "word"], check=False)
    assert done.returncode == status
    assert (tmp_path / "said").read_text().splitlines() == [
        "-m pytest -m not soak and not alone -n 3 --dist loadfile -k word",
        "-m pytest -m alone and not soak -k word",
    ]
