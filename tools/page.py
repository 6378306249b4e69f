"""Build or check the web page with the Node of tools/node; unchanged sources are not built again.

python3 tools/page.py build | check
"""

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path

from common import CACHE, ROOT, ToolError, finish, run, say, stamped, step, write_stamp

WEB = ROOT / "web"
NODE = ROOT / "tools" / "node"
BUILT = ROOT / "src" / "pgvigil" / "serve" / "page"
MODULES_STAMP = WEB / "node_modules" / ".stamp"
BUILT_STAMP = CACHE / "page.stamp"
_PASSING = {"node_modules", "dist", ".svelte-kit"}


def digest(files: Iterable[Path]) -> str:
    """One hash over the names and contents of files."""
    whole = hashlib.sha256()
    for file in sorted(files):
        whole.update(str(file.relative_to(WEB)).encode() + b"\0" + file.read_bytes() + b"\0")
    return whole.hexdigest()


def sources() -> list[Path]:
    """What the built page depends on."""
    return [path for path in WEB.rglob("*") if path.is_file() and not _PASSING & set(path.relative_to(WEB).parts)]


def install() -> None:
    """The packages of package-lock.json, exactly."""
    lock = digest([WEB / "package.json", WEB / "package-lock.json"])
    if stamped(MODULES_STAMP, lock):
        return
    with step("Installing the packages that the page is built with"):
        run([NODE, "npm", "ci", "--no-audit", "--no-fund"], cwd=WEB)
    write_stamp(MODULES_STAMP, lock)


def build() -> None:
    """The page in src/pgvigil/serve/page, which the wheel carries and git does not."""
    wanted = digest(sources())
    if stamped(BUILT_STAMP, wanted) and (BUILT / "index.html").is_file():
        return
    install()
    with step("Building the page"):
        run([NODE, "npm", "run", "build"], cwd=WEB)
    if not (BUILT / "index.html").is_file():
        raise ToolError(f"npm run build ended well and left no {BUILT / 'index.html'}")
    CACHE.mkdir(exist_ok=True)
    write_stamp(BUILT_STAMP, wanted)


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
