"""The import contracts hold the packages apart: each is broken on purpose in a copy."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from house.test_setup import ROOT
from pgvigil.sandbox.environment import clean_environment


def a_new_package(source: Path) -> None:
    (source / "extra").mkdir()
    (source / "extra" / "__init__.py").write_text("")


def an_import(file: str, module: str) -> Callable[[Path], None]:
    def change(source: Path) -> None:
        with (source / file).open("a") as opened:
            opened.write(f"import {module}\n")

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (a_new_package, "imports point left: cli > serve > analyse > (collect | store) > pg > catalog >"),
        (
            an_import("sandbox/ports.py", "pgvigil.store.text"),
            "the sandbox stands on pg alone: what watches is not what is watched BROKEN",
        ),
        (an_import("store/text.py", "pgvigil.pg.values"), "the store knows series, not PostgreSQL BROKEN"),
        (
            an_import("collect/clock.py", "psycopg"),
            "only pg (and the sandbox, which stands apart) imports the driver BROKEN",
        ),
        (an_import("serve/ranges.py", "duckdb"), "only store imports the engine BROKEN"),
    ],
    ids=["package", "sandbox", "store", "driver", "engine"],
)
def test_a_breach_is_told(tmp_path: Path, change: Callable[[Path], None], told: str) -> None:
    source = shutil.copytree(
        ROOT / "src" / "pgvigil", tmp_path / "pgvigil", ignore=shutil.ignore_patterns("page", "__pycache__")
    )
    change(source)
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--config", ROOT / "pyproject.toml"],
        cwd=tmp_path,
        env=clean_environment({"PYTHONPATH": str(tmp_path)}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert told in done.stdout
    assert "1 broken" in done.stdout
