"""Make .venv with what requirements.lock names and this checkout in it; a second run finds nothing to do.

Run by tools/setup with a Python that it has found fit.
"""

import hashlib
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from common import ROOT, VENV, finish, run, say, stamped, step, without, write_stamp

PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
LOCK_STAMP = VENV / ".stamp-lock"
PROJECT_STAMP = VENV / ".stamp-project"
# What the editable install is made from; the sources themselves are used in place.
PROJECT_FILES = ("pyproject.toml", "hatch_build.py", "README.md")


def digest(*files: Path) -> str:
    """One hash over the contents of the files that exist, and over where the checkout lies: scripts hold its path."""
    whole = hashlib.sha256(str(ROOT).encode())
    for file in files:
        if file.exists():
            whole.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return whole.hexdigest()


def usable() -> bool:
    """Whether .venv exists, was made here, and its Python still runs and is a version that we support."""
    asked = "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))"
    try:
        done = subprocess.run([PYTHON, "-c", asked], check=False, capture_output=True, env=environment())
    except OSError:
        return False
    script = VENV / "bin" / "pip"
    return done.returncode == 0 and script.exists() and str(VENV) in script.read_text(errors="replace")


def environment() -> dict[str, str]:
    """The user's environment less what would make Python or pip work on another environment than ours."""
    return without("PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIREMENT", "VIRTUAL_ENV")


def make_environment() -> None:
    """Make .venv anew."""
    with step(f"Making .venv with Python {platform.python_version()} ({sys.executable})"):
        if VENV.exists():
            shutil.rmtree(VENV)
        run([sys.executable, "-m", "venv", VENV], environment=environment())


def pip(*arguments: str, **variables: str) -> None:
    """Run pip of .venv."""
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]
    run([*command, *arguments], environment={**environment(), **variables})


def main() -> None:
    """Do what is not done yet."""
    if not usable():
        make_environment()
    lock, project = digest(LOCK), digest(*(ROOT / name for name in PROJECT_FILES))
    if not stamped(LOCK_STAMP, lock):
        number = sum(1 for line in LOCK.read_text().splitlines() if "==" in line and not line.startswith((" ", "#")))
        with step(f"Installing {number} packages of requirements.lock (about 300 MB to download the first time)"):
            # The lock is complete, so nothing is resolved: a resolver would ask for the newest of `name[extra]`, which
            # has no hash here, as soon as one newer than the lock's comes out.
            pip("install", "--require-hashes", "--no-deps", "-r", str(LOCK))
        write_stamp(LOCK_STAMP, lock)
    if not stamped(PROJECT_STAMP, project):
        with step("Installing pgvigil from this checkout"):
            # The page is made by `make page`, which finds a Node where the build hook would want one on PATH.
            pip("install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT), PGVIGIL_SKIP_PAGE="1")
            pip("check")
        write_stamp(PROJECT_STAMP, project)
    if "--quiet" not in sys.argv:
        say(f"Ready: {VENV / 'bin' / 'pgvigil'}")


if __name__ == "__main__":
    finish(main)
