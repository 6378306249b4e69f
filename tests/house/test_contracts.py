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


def the_sandbox_reads_the_store(source: Path) -> None:
    with (source / "sandbox" / "ports.py").open("a") as file:
        file.write("import pgvigil.store.text\n")


def the_store_knows_postgresql(source: Path) -> None:
    with (source / "store" / "text.py").open("a") as file:
        file.write("import pgvigil.pg.values\n")


def a_collector_drives_by_itself(source: Path) -> None:
    with (source / "collect" / "clock.py").open("a") as file:
        file.write("import psycopg\n")


def the_page_asks_the_engine(source: Path) -> None:
    with (source / "serve" / "ranges.py").open("a") as file:
        file.write("import duckdb\n")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (the_store_knows_postgresql, "the store knows series, not PostgreSQL BROKEN"),
        (a_collector_drives_by_itself, "only pg (and the sandbox, which stands apart) imports the driver BROKEN"),
        (the_page_asks_the_engine, "only store imports the engine BROKEN"),
        (a_new_package, "imports point left: cli > serve > analyse > (collect | store) > pg > catalog >"),
        (the_sandbox_reads_the_store, "the sandbox stands on pg alone: what watches is not what is watched BROKEN"),
    ],
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
