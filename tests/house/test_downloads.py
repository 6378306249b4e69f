"""Whatever is downloaded, and how big it is, is said before the download begins."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from house.test_setup import ROOT
from house.test_tools import ELSEWHERE

SIZE = r"\d+(\.\d+)? MB"
# Stands for what downloads: it keeps what was said by the time it was asked to, and fails as without a network.
DOWNLOADER = """#!/bin/sh
case "$*" in
    *version_info* | --version) exit 0;;
esac
[ -e "$SEEN" ] || cp "$SAID" "$SEEN"
echo 'no network' >&2
exit 1
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in which nothing was downloaded yet; what downloads is the stand-in."""
    place = tmp_path / "checkout"
    shutil.copytree(ROOT / "tools", place / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("hatch_build.py", "requirements.lock", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, place)
    (place / "web").mkdir()
    for name in ("index.html", "package-lock.json"):
        shutil.copy(ROOT / "web" / name, place / "web")
    downloader(place / ".venv" / "bin" / "python")
    (place / ".venv" / "bin" / "pip").write_text(f"#!{place}/.venv/bin/python\n")
    downloader(place / "tools" / "node")
    for name in ("node", "npm", "apt-get", "dpkg"):
        downloader(place / "bin" / name)
    (place / "bin" / "node").write_text("#!/bin/sh\nexit 0\n")  # new enough
    (place / "tools" / "elsewhere.py").write_text(ELSEWHERE.format(system="linux-x64"))
    return place


def without(name: str) -> dict[str, str]:
    return {each: value for each, value in os.environ.items() if each != name}


def downloader(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(DOWNLOADER)
    path.chmod(0o755)


def said_before(checkout: Path, *command: str) -> str:
    """What the console had shown when the first download began."""
    said, seen = checkout / "said", checkout / "seen"
    variables = {"SAID": str(said), "SEEN": str(seen), "PATH": f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    with said.open("wb") as console:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=checkout,
            env={**without("PYTHONUNBUFFERED"), **variables},
            stdout=console,
            stderr=subprocess.STDOUT,
            check=False,
        )
    assert "no network" in said.read_text()
    assert done.returncode == 1
    return seen.read_text()


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (("tools/setup.py",), r"Installing \d+ packages of requirements\.lock"),
        (("hatch_build.py",), "Installing the packages that the page is built with"),
        (("tools/elsewhere.py", "postgres", "--needed"), "Downloading PostgreSQL 14"),
        (("tools/elsewhere.py", "chromium", "--needed"), "Downloading Chromium"),
        (("tools/elsewhere.py", "pgbouncer", "--needed"), "Unpacking Debian's pgbouncer"),
        (("tools/elsewhere.py", "prometheus", "--needed"), "Unpacking Debian's prometheus"),
        (("tools/elsewhere.py", "exporter", "--needed"), "Unpacking Debian's prometheus-postgres-exporter"),
        (("tools/elsewhere.py", "alertmanager", "--needed"), "Unpacking Debian's prometheus-alertmanager"),
        (("tools/elsewhere.py", "victoria-metrics", "--needed"), "Unpacking Debian's victoria-metrics"),
    ],
)
def test_what_is_downloaded_and_how_big_it_is_is_said_before(
    checkout: Path, command: tuple[str, ...], what: str
) -> None:
    assert re.search(rf"^{what} \(.*{SIZE}.*\)", said_before(checkout, *command), re.MULTILINE)
