"""The recipe "add a probe" of CONTRIBUTING.md, followed in a copy of the checkout."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from house.test_setup import ROOT
from pgvigil.sandbox.environment import clean_environment

_PROBE = """\
summary = "Small caches of transaction states"
shape = "counters"
every = "1m"
deadline = "250ms"
cost = "0.1 ms of server CPU"
key = []

[columns.hits]
kind = "counter"
type = "int8"
unit = "blocks"
help = "Blocks found in them"
"""
_SQL = """\
-- Over all caches; their names changed in 17.
select sum(blks_hit)::int8 as hits from pg_stat_slru
"""


class Checkout:
    """A copy of what the recipe touches and runs."""

    def __init__(self, place: Path) -> None:
        self.place = place
        unneeded = shutil.ignore_patterns("__pycache__", "page")
        for name in ("src", "tests", "bench", "docs/reference"):
            shutil.copytree(ROOT / name, place / name, ignore=unneeded)
        shutil.copy(ROOT / "pyproject.toml", place)

    def run(self, line: str) -> "subprocess.CompletedProcess[str]":
        """A line of the recipe, with the programs of our environment."""
        program, *words = shlex.split(line)
        return subprocess.run(
            [Path(sys.executable).with_name(Path(program).name), *words],
            cwd=self.place,
            env=clean_environment({"PYTHONPATH": str(self.place / "src")}),
            capture_output=True,
            text=True,
            check=False,
        )

    def stale(self) -> set[str]:
        """The reference pages that are not what the code would make."""
        told = [self.run(f"python -m pgvigil.{package}.reference --check").stderr for package in ("catalog", "cli")]
        return {Path(word).name for word in "".join(told).split() if word.startswith("docs/reference/")}


def recipe(title: str) -> str:
    """The text of a recipe."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.slow(reason="starts a server, and eight processes that import everything")
def test_a_probe_is_added_as_the_recipe_says(tmp_path: Path) -> None:
    checkout, steps = Checkout(tmp_path), recipe("Add a probe")
    commands = re.findall(r"`(\.venv/bin/[^`]+)`", steps)
    assert len(commands) == 3
    assert checkout.stale() == set()
    folder = re.search(r"`(src/pgvigil/catalog/packs/)<pack>(/probes/)<name>/`", steps)
    assert folder is not None
    probe = tmp_path / f"{folder[1]}core{folder[2]}caches"
    probe.mkdir()
    (probe / "probe.toml").write_text(_PROBE)
    (probe / "14.sql").write_text(_SQL)

    tested = checkout.run(commands[0].replace("<name>", "'caches and pg18 and not moves'"))  # those take a minute
    assert tested.returncode == 0, tested.stdout
    assert "2 passed" in tested.stdout

    assert checkout.stale() == {"probes.md", "store.md"}
    for command in commands[1:]:
        assert checkout.run(command).returncode == 0
    assert checkout.stale() == set()
    for page in ("probes.md", "store.md"):
        assert "caches" in (tmp_path / "docs" / "reference" / page).read_text()
