"""The reference page is what the catalog says now, and every probe folder is complete and in it."""

from functools import reduce
from pathlib import Path
from typing import Any

import pgparse  # type: ignore[import-not-found]
import pytest

from pgvigil.catalog import SHIPPED, load
from pgvigil.catalog.choose import as_sent
from pgvigil.catalog.reference import PAGE, main, page
from pgvigil.catalog.types import Kind
from toys import COUNTERS, COUNTERS_SQL, load_toys

ROOT = Path(__file__).parents[2]
CATALOG = load()


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(CATALOG), "run python -m pgvigil.catalog.reference"


def test_every_folder_of_a_pack_is_a_probe_of_the_catalog_and_on_the_page() -> None:
    text = page(CATALOG)
    folders = [path for pack in SHIPPED for path in (pack / "probes").iterdir()]
    assert {path.name for path in folders} == set(CATALOG.probes)
    for path in folders:
        assert path.is_dir()
        assert {file.name for file in path.iterdir()} == {"probe.toml", *CATALOG.probes[path.name].queries}
        assert f"### {path.name}\n" in text


@pytest.mark.parametrize("name", sorted(CATALOG.probes))
def test_a_probe_is_documented_to_the_last_column(name: str) -> None:
    probe = CATALOG.probes[name]
    section = page(CATALOG).partition(f"### {name}\n")[2].partition("\n### ")[0]
    for column in probe.columns.values():
        assert f"| `{column.name}` | {column.kind}" in section
        assert column.help in section
        assert len(column.help) > 4
    for sentence in (probe.summary, probe.cost):
        assert sentence in section
    for file in probe.queries:
        assert f"`{file}`" in section


@pytest.mark.parametrize("name", sorted(CATALOG.probes))
def test_the_cost_of_a_probe_was_measured(name: str) -> None:
    assert "ms of server CPU" in CATALOG.probes[name].cost


def test_numbers_bear_a_unit() -> None:
    known = {"1", "s", "ms", "ms2", "By", "blocks"}
    for probe in CATALOG.probes.values():
        for column in probe.columns.values():
            if column.kind in {Kind.COUNTER, Kind.GAUGE}:
                assert (probe.name, column.name, column.unit in known) == (probe.name, column.name, True)


def test_the_page_of_another_pack_tells_what_is_special_about_it(tmp_path: Path) -> None:
    declaration = COUNTERS.replace(
        "key =",
        'role = "primary"\nscope = "database"\nfor_each = "o.sql"\nwhen = "toy.a > 1"\n'
        'requires = { setting = { track_counts = ["on", "off"] } }\nkey =',
    ).replace("[columns.name]", '[signals.a]\ncolumn = "name"\nvalues = ["a"]\nhelp = "All a"\n[columns.name]')
    files = {"o.sql": "select 'x' as object", "14.sql": "select name, hits from {object}"}
    declaration = declaration.replace('unit = "1"', "since = 10\nuntil = 99")
    text = page(load_toys(tmp_path, {"toy": (declaration, files)}))
    for words in (
        "every 10 s while toy.a > 1, in every database, on a primary only; given up after 250 ms",
        "needs: track_counts = on or off",
        "signal `toy.a`: All a",
        "`o.sql` for the objects, at most 100",
        "| 10 to 99 | How often |",
    ):
        assert words in text


def test_checking_says_what_to_run_and_writing_makes_it_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--check"]) == 1
    assert "run python -m pgvigil.catalog.reference" in capsys.readouterr().err
    assert (main([]), main(["--check"])) == (0, 0)
    assert load_toys(tmp_path, {"toy": (COUNTERS, COUNTERS_SQL)}).probes.keys() == {"toy"}


def test_every_sql_file_begins_with_what_is_special_about_it() -> None:
    for probe in CATALOG.probes.values():
        for name, text in probe.queries.items():
            assert (probe.name, name, text.startswith("-- ")) == (probe.name, name, True)


@pytest.mark.parametrize("name", sorted(CATALOG.probes))
def test_a_query_as_sent_is_the_file_without_its_margins(name: str) -> None:
    for text in CATALOG.probes[name].queries.values():
        sent = as_sent(text)
        assert _tree(sent) == _tree(text)
        assert not sent.startswith("--")


def _tree(sql: str) -> Any:
    names = {"{extension_schema}": "extension_schema", "{object}": "object", "{object_name}": "'object'"}
    found = pgparse.parse(reduce(lambda text, name: text.replace(name, names[name]), names, sql))
    return _without_places(found)


def _without_places(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_places(each) for each in node]
    if isinstance(node, dict):
        return {
            key: _without_places(value) for key, value in node.items() if "location" not in key and key != "stmt_len"
        }
    return node
