"""Build or check the web page with the Node of tools/node; unchanged sources are not built again.

python3 tools/page.py build | check
"""

import hashlib
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from common import ROOT, ToolError, finish, run, say, stamped, step, write_stamp

WEB = ROOT / "web"
NODE = ROOT / "tools" / "node"
MODULES_STAMP = WEB / "node_modules" / ".stamp"


def digest(files: Iterable[Path]) -> str:
    """One hash over the names and contents of files."""
    whole = hashlib.sha256()
    for file in sorted(files):
        whole.update(str(file.relative_to(WEB)).encode() + b"\0" + file.read_bytes() + b"\0")
    return whole.hexdigest()


def install() -> None:
    """The packages of package-lock.json, exactly."""
    lock = digest([WEB / "package.json", WEB / "package-lock.json"])
    if stamped(MODULES_STAMP, lock):
        return
    with step("Installing the packages that the page is built with"):
        run([NODE, "npm", "ci", "--no-audit", "--no-fund"], cwd=WEB)
    write_stamp(MODULES_STAMP, lock)


def build() -> None:
    """The page in src/pgvigil/serve/page: the work of the build hook, which knows whether there is any to do."""
    if subprocess.run([sys.executable, ROOT / "hatch_build.py"], check=False).returncode:
        raise ToolError("the page was not built, as said above")


def check() -> None:
    """Types and unit tests of the page."""
    install()
    for script in ("check", "test"):
        say(run([NODE, "npm", "run", "--if-present", script], cwd=WEB))


def main() -> None:
    """Do what is asked for, when there is a page at all."""
    actions = {"build": build, "check": check}
    if len(sys.argv) != 2 or sys.argv[1] not in actions:
        raise ToolError(f"say one of: {', '.join(actions)}")
    if (WEB / "package.json").is_file():
        actions[sys.argv[1]]()


if __name__ == "__main__":
    finish(main)
