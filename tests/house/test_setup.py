"""The set-up: which Python it takes, what it says when one is unfit, and that a second run does nothing, offline."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OFFLINE = {
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    "npm_config_registry": "http://127.0.0.1:9/",
    "npm_config_fetch_retries": "0",
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
}
# A project that is installed without a network: its build backend lies in it.
_PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "tiny"
version = "1"
"""
_BACKEND = """
import zipfile

def get_requires_for_build_editable(config_settings=None):
    return []

def build_editable(directory, config_settings=None, metadata_directory=None):
    info = "tiny-1.dist-info"
    with zipfile.ZipFile(f"{directory}/tiny-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return "tiny-1-py3-none-any.whl"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with our tools and a project that needs nothing, in a path with a space."""
    path = tmp_path / "a check out"
    shutil.copytree(ROOT / "tools", path / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    (path / "requirements.lock").write_text("")
    (path / "pyproject.toml").write_text(_PROJECT)
    (path / "backend.py").write_text(_BACKEND)
    return path


def fake_python(directory: Path, name: str, *, version: str | None, venv: bool) -> None:
    """A program that answers like a Python of a version, or fails like a pyenv shim without one."""
    directory.mkdir(exist_ok=True)
    if version is None:
        text = "echo 'pyenv: version is not installed' >&2; exit 127"
    else:
        fit = "exit 0" if (3, 11) <= tuple(map(int, version.split("."))) < (3, 15) else "exit 1"
        text = (
            f'case "$*" in *ensurepip*) exit {0 if venv else 1};; *%d.%d*) echo {version};; '
            f'*version_info*) {fit};; *) echo "started $0 $*";; esac'
        )
    (directory / name).write_text(f"#!/bin/sh\n{text}\n")
    (directory / name).chmod(0o755)


def run_setup(checkout: Path, path: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [checkout / "tools" / "setup"],
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A PATH with what a shell script needs and no Python."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name in ("sh", "dirname"):
        found = shutil.which(name)
        assert found is not None
        (directory / name).symlink_to(found)
    return directory


def test_the_newest_python_that_runs_is_taken(checkout: Path, bare_path: Path) -> None:
    fake_python(bare_path, "python3.14", version=None, venv=False)
    fake_python(bare_path, "python3.13", version="3.13", venv=True)
    fake_python(bare_path, "python3.11", version="3.11", venv=True)
    done = run_setup(checkout, str(bare_path))
    assert done.stdout.startswith(f"started {bare_path}/python3.13 {checkout}/tools/setup.py"), done.stderr


def test_one_without_venv_is_passed_over(checkout: Path, bare_path: Path) -> None:
    fake_python(bare_path, "python3.13", version="3.13", venv=False)
    fake_python(bare_path, "python3.12", version="3.12", venv=True)
    assert "python3.12" in run_setup(checkout, str(bare_path)).stdout


def test_only_one_without_venv_is_told_with_the_packages_name(checkout: Path, bare_path: Path) -> None:
    fake_python(bare_path, "python3", version="3.11", venv=False)
    done = run_setup(checkout, str(bare_path))
    assert done.returncode == 1
    assert "sudo apt install python3.11-venv" in done.stderr


def test_no_python_or_an_old_one_is_told(checkout: Path, bare_path: Path) -> None:
    fake_python(bare_path, "python3", version="3.9", venv=True)
    fake_python(bare_path, "python", version="3.15", venv=True)
    done = run_setup(checkout, str(bare_path))
    assert done.returncode == 1
    assert "no Python 3.11 to 3.14 on PATH" in done.stderr
    assert "sudo apt install python3.11 python3.11-venv (Debian 12; Ubuntu 22.04, from universe)" in done.stderr


@pytest.mark.slow(reason="makes a virtual environment, and pip is installed into it")
def test_a_second_run_does_nothing_and_a_moved_checkout_is_known(checkout: Path) -> None:
    path = f"{Path(sys.executable).resolve().parent}{os.pathsep}{os.environ['PATH']}"
    first = run_setup(checkout, path, **OFFLINE, PYTHONHOME="/nonexistent", PIP_USER="1")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "Making .venv" in first.stdout
    assert "Installing 0 packages" in first.stdout
    second = run_setup(checkout, path, **OFFLINE)
    assert second.stdout == f"Ready: {checkout}/.venv/bin/pgvigil\n"

    (checkout / "requirements.lock").write_text("# changed\n")
    third = run_setup(checkout, path, **OFFLINE)
    assert "Making .venv" not in third.stdout
    assert "Installing 0 packages" in third.stdout

    asked = "import setup; print(setup.usable())"
    before = subprocess.run([sys.executable, "-c", asked], cwd=checkout / "tools", capture_output=True, check=True)
    moved = checkout.rename(checkout.with_name("moved"))  # its scripts hold the path that it had
    after = subprocess.run([sys.executable, "-c", asked], cwd=moved / "tools", capture_output=True, check=True)
    assert (before.stdout, after.stdout) == (b"True\n", b"False\n")


def test_a_download_that_fails_is_told_and_tried_again(checkout: Path) -> None:
    environment = checkout / ".venv" / "bin"
    environment.mkdir(parents=True)
    shell = 'case "$*" in *version_info*) exit 0;; esac\necho "no matching distribution" >&2\nexit 1\n'
    (environment / "python").write_text(f"#!/bin/sh\n{shell}")
    (environment / "python").chmod(0o755)
    (environment / "pip").write_text(f"#!{environment}/python\n")
    for _ in range(2):
        done = run_setup(checkout, f"{Path(sys.executable).resolve().parent}{os.pathsep}{os.environ['PATH']}")
        assert done.returncode == 1
        assert "no matching distribution" in done.stdout
        assert "Traceback" not in done.stdout + done.stderr
