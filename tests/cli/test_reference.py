"""The reference pages are what the code says now, to the last setting, route and table."""

from pathlib import Path

import pytest
from starlette.routing import Mount, Route

from pgvigil.catalog import SHIPPED, load
from pgvigil.catalog.lints import load_lints
from pgvigil.catalog.types import Shape
from pgvigil.cli.reference import BUILT_IN, main, pages
from pgvigil.cli.settings import SETTINGS, TARGET_SETTINGS
from pgvigil.cli.version import VERSION
from pgvigil.serve import live, routes
from pgvigil.serve.app import create_app

DOCS = Path(__file__).parents[2] / "docs" / "reference"


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return dict(pages())


def test_the_pages_are_up_to_date(made: dict[str, str]) -> None:
    for name, text in made.items():
        assert (DOCS / name).read_text(encoding="utf-8") == text, "run python -m pgvigil.cli.reference"


def test_every_setting_is_on_its_page_with_flag_variable_and_what_is_allowed(made: dict[str, str]) -> None:
    lines = made["configuration.md"].splitlines()
    for setting in (*SETTINGS, *TARGET_SETTINGS):
        (line,) = [line for line in lines if f"`{setting.variable}`" in line and line.startswith("| ")]
        assert line.startswith(f"| `{setting.key}`")
        assert (setting.flag or "") in line
        assert setting.allowed in line
        assert setting.help in line
    (url,) = [line for line in lines if "PGVIGIL_STORE_URL" in line]
    assert "`duckdb:///var/lib/pgvigil/pgvigil.db`" in url


def test_every_route_is_on_its_page_with_its_parameters(made: dict[str, str]) -> None:
    app = create_app(None, VERSION)
    served = {route.path for route in app.routes if isinstance(route, Route | Mount)}
    served |= {
        route.path for router in (routes.router, live.router) for route in router.routes if hasattr(route, "path")
    }
    # Beside them the contract itself and the page.
    assert served - set(app.openapi()["paths"]) == {"/api/v1/openapi.json", "/assets", "/{path:path}"}
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            (line,) = [line for line in made["api.md"].splitlines() if f"`{method.upper()} {path}`" in line]
            assert all(f"`{parameter['name']}`" in line for parameter in operation.get("parameters", ()))
            assert operation["description"].split()[0] in line


def test_every_lint_is_on_its_page_with_its_threshold(made: dict[str, str]) -> None:
    sections = {section.partition("\n")[0]: section for section in made["lints.md"].split("\n## ")[1:]}
    folders = {path.name for pack in SHIPPED for path in pack.glob("lints/*")}
    assert set(sections) == folders
    for name, lint in load_lints().items():
        assert all(words in sections[name] for words in (lint.title, lint.help, lint.todo, lint.source))


def test_every_table_is_on_its_page_with_its_columns(made: dict[str, str]) -> None:
    tables = {section.partition("\n")[0]: section for section in made["store.md"].split("\n## ")[1:]}
    probes = [probe for probe in load().probes.values() if probe.kept and probe.shape is not Shape.DIMENSION]
    assert {*BUILT_IN, *(probe.name for probe in probes)} <= set(tables)
    for probe in probes:
        for column in probe.columns.values():
            assert column.kind == "text" or f"`{column.name}`" in tables[probe.name]
    assert "`text` varchar" in tables["queries"]


def test_checking_says_what_to_run_and_writing_makes_it_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--check"]) == 1
    assert "run python -m pgvigil.cli.reference" in capsys.readouterr().err
    assert (main([]), main(["--check"])) == (0, 0)
