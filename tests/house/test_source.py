"""What no file of the project may hold: SQL among Python, and words of whoever's machine it was made on."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache

import pytest

from house.test_setup import ROOT

SQL = re.compile(
    r"(?is)\bselect\b.+\bfrom\b|^\s*select\s|(?-i:^\s*FROM\s)|\b(insert into|delete from|update \w+ set)\b"
)
EXAMPLES = {
    "src/pgvigil/cli/reference.py": "of the page that shows how to ask the store",
    "src/pgvigil/cli/demo.py": "the line that the demo prints for pasting",
    "bench/simulate.py": "a statement's text, which is data",
}
"""Files that hold SQL for somebody to read; none of it is sent from there."""

REGISTRIES = re.compile(
    r"(registry\.npmjs|registry\.yarnpkg|pypi\.org|pythonhosted|deb\.debian\.org|security\.debian|artifactory|nexus)",
    re.IGNORECASE,
)
MACHINES = re.compile(r"(?<![\w.])/(work|home/\w+|root/\w+|Users/\w+)/")


MADE = {".git", ".venv", ".cache", "node_modules", "page", "__pycache__", "dist", "build"}
"""Directories of what is made or fetched, where git is not there to tell."""


@cache
def _tracked() -> list[str]:
    found = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode == 0:
        return [name for name in found.stdout.splitlines() if (ROOT / name).is_file()]
    files = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return [str(path) for path in files if not MADE & set(path.parts) and not path.parts[0].startswith(".")]


def _python() -> Iterator[str]:
    for name in _tracked():
        if name.startswith(("src/", "bench/", "tools/")):
            content = (ROOT / name).read_bytes()
            if name.endswith(".py") or (content.startswith(b"#!") and b"python" in content.partition(b"\n")[0]):
                yield name


def _texts(source: str) -> Iterator[ast.Constant]:
    """Texts of a module that are no documentation."""
    tree = ast.parse(source)
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node


def test_queries_are_files_and_not_texts_among_python() -> None:
    found = [
        f"{name}:{text.lineno}"
        for name in _python()
        if name not in EXAMPLES
        for text in _texts((ROOT / name).read_text(encoding="utf-8"))
        if SQL.search(str(text.value))
    ]
    assert found == []
    for name in EXAMPLES:
        assert any(SQL.search(str(text.value)) for text in _texts((ROOT / name).read_text(encoding="utf-8"))), name


@pytest.mark.parametrize(("what", "pattern"), [("a registry", REGISTRIES), ("a machine's directory", MACHINES)])
def test_no_file_names(what: str, pattern: re.Pattern[str]) -> None:
    found = []
    for name in _tracked():
        content = (ROOT / name).read_bytes()
        if b"\0" in content or name == "tests/house/test_source.py":
            continue
        lines = content.decode("utf-8", "replace").splitlines()
        found += [f"{name}:{number}: {line[:120]}" for number, line in enumerate(lines, 1) if pattern.search(line)]
    assert found == [], what
