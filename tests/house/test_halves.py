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
@pytest.mark.parametrize(
    ("kind", "marks", "share"),
    [("test", "not soak", "loadfile --no-loadscope-reorder"), ("soak", "soak", "worksteal")],
)
def test_both_halves_run_and_either_may_fail(
    tmp_path: Path, kind: str, marks: str, share: str, shared: int, alone: int, status: int
) -> None:
    prepare(tmp_path, shared, alone)
    done = subprocess.run([tmp_path / "tools" / "test", kind, "3", "-k", "word"], check=False)
    assert done.returncode == status
    assert (tmp_path / "said").read_text().splitlines() == [
        f"-m pytest -m {marks} and not alone -n 3 --dist {share} -k word",
        f"-m pytest -m {marks} and alone -k word",
    ]


@pytest.mark.parametrize(
    ("kind", "ci", "took", "status"),
    [
        ("test", "true", 1200, 0),
        ("test", "true", 1201, 1),
        ("test", "", 1201, 0),
        ("soak", "", 7200, 0),
        ("soak", "", 7201, 1),
    ],
)
def test_the_time_of_both_is_told_and_bounded(tmp_path: Path, kind: str, ci: str, took: int, status: int) -> None:
    prepare(tmp_path, 0, 0)
    program(tmp_path / "bin" / "date", _DATE.replace("ENDED", str(1000 + took)))
    environment = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "CI": ci}
    done = subprocess.run(
        [str(tmp_path / "tools" / "test"), kind, "3"], check=False, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert f"{kind}: {took // 60} min {took % 60} s in all" in done.stdout
    assert (f"{took // 60} minutes are promised" in done.stdout) == bool(status)
    assert done.returncode == status


def test_both_halves_have_one_seed_and_one_beginning(tmp_path: Path) -> None:
    prepare(tmp_path, 0, 0)
    program(tmp_path / ".venv/bin/python", '#!/bin/sh\necho "$PGVIGIL_SEED $TESTS_BEGUN" >> said\n')
    subprocess.run([tmp_path / "tools" / "test", "soak", "3"], check=True, env={"PATH": "/usr/bin:/bin"})
    first, second = (tmp_path / "said").read_text().splitlines()
    assert first == second
    seed, begun = (int(word) for word in first.split())
    assert seed == begun % 1_000_000


@pytest.mark.parametrize("arguments", [[], ["bench", "3"]])
def test_another_kind_is_refused_in_a_sentence(tmp_path: Path, arguments: list[str]) -> None:
    prepare(tmp_path, 0, 0)
    done = subprocess.run([tmp_path / "tools" / "test", *arguments], check=False, stderr=subprocess.PIPE, text=True)
    assert "allowed is test or soak" in done.stderr
    assert done.returncode == 2
