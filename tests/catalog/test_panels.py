"""Loading panels: what is wrong is named with its file and what is allowed; every panel has all its words."""

import re
from pathlib import Path

import pytest

from pgvigil.analyse.waits import CLASSES
from pgvigil.catalog import SHIPPED, CatalogError, load
from pgvigil.catalog.panel_page import page
from pgvigil.catalog.panels import Limit, Panel, PanelKind, load_panels
from pgvigil.catalog.reference import MADE, PANELS_PAGE
from toys import COUNTERS, COUNTERS_SQL, write_pack

ROOT = Path(__file__).parents[2]
PANELS = load_panels(load())
PANEL = """
title = "Toys"
why = "played with per second"
page = "overview"
order = 5
kind = "stacked"
unit = "per_second"
better = "higher"
probes = ["toy"]
means = "m"
causes = ["c"]
todo = "t"
source = ["pg_toys: hits"]
computed = "difference over seconds"
[tile]
[limit]
title = "toys there are"
setting = "max_toys"
less = ["broken_toys"]
[[series]]
key = "hits"
title = "Hits"
help = "h"
"""
SQL = "SELECT 1 AS step, 'hits' AS series, sum(hits) AS numerator FROM {toy} WHERE target = $target"


def write(root: Path, declaration: str = PANEL, sql: str = SQL) -> Path:
    pack = write_pack(root, {"toy": (COUNTERS, COUNTERS_SQL)})
    folder = pack / "panels" / "toys"
    folder.mkdir(parents=True)
    (folder / "panel.toml").write_text(declaration)
    (folder / "panel.sql").write_text(sql)
    return pack


def loaded(pack: Path) -> Panel:
    return load_panels(load([pack]), [pack])["toys"]


def test_a_panel_says_what_it_is_and_what_it_reads(tmp_path: Path) -> None:
    panel = loaded(write(tmp_path))
    assert (panel.title, panel.kind, panel.order) == ("Toys", PanelKind.STACKED, 5)
    drawing = panel.drawing
    assert drawing is not None
    assert (drawing.tile, drawing.read, drawing.at_least, drawing.close_up) == ("Toys", ("passes", "toy"), 0.0, False)
    assert [(it.key, it.colour) for it in drawing.series] == [("hits", "accent")]


def test_a_panel_whose_page_carries_its_numbers_has_no_sql(tmp_path: Path) -> None:
    pack = write(tmp_path, PANEL.replace("order = 5", "order = 5\ncarried = true"))
    (pack / "panels" / "toys" / "panel.sql").unlink()
    panel = loaded(pack)
    assert panel.asked is None
    assert panel.drawing is not None
    assert [it.key for it in panel.drawing.series] == ["hits"]


def test_a_line_is_a_setting_less_others_or_the_cpus_or_not_known() -> None:
    limit = Limit("t", cpus=False, setting="max_toys", less=("broken_toys", "lost_toys"))
    assert limit.value(4.0, {"max_toys": "10", "broken_toys": "3"}) == 7.0
    assert limit.value(4.0, {"broken_toys": "3"}) is None
    cpus = Limit("t", cpus=True, setting=None, less=())
    assert (cpus.value(4.0, {}), cpus.value(None, {})) == (4.0, None)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('todo = "t"', "", "todo is missing; allowed is a text that is not empty"),
        ('causes = ["c"]', "causes = []", "causes is missing; allowed is a list of texts that is not empty"),
        ('unit = "per_second"', 'unit = "per_day"', "unit is 'per_day'; allowed is one of count, sessions"),
        ('kind = "stacked"', 'kind = "pie"', "kind is 'pie'; allowed is one of stacked, lines, table"),
        ('kind = "stacked"', 'kind = "table"', "key unit is not known"),
        ('probes = ["toy"]', 'probes = ["tyo"]', "probe tyo is not known; did you mean toy?"),
        ('setting = "max_toys"', 'setting = "max_toys"\ncpus = true', "limit.setting is missing; allowed is the name"),
        ('setting = "max_toys"', "", "limit.setting is missing; allowed is the name of a setting, or cpus = true"),
        ('key = "hits"', 'key = "Hits"', "series[0].key is 'Hits'; allowed is a name of lower-case letters"),
        ('help = "h"', 'help = "h"\ncolour = "pink"', "series[0].colour is 'pink'; allowed is one of accent"),
        ("[[series]]", '[[series]]\nkey = "a"\ntitle = "A"\nhelp = "a"\n[[series]]', "series[0].colour is missing"),
        ('why = "p', 'sql = "x"\nwhy = "p', "key sql is not known"),
    ],
)
def test_a_wrong_declaration_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(CatalogError) as refused:
        loaded(write(tmp_path, PANEL.replace(old, new)))
    assert said in str(refused.value)


def test_several_lines_have_no_one_number(tmp_path: Path) -> None:
    more = '[[series]]\nkey = "a"\ntitle = "A"\nhelp = "a"\ncolour = "io"\n'
    lines = PANEL.replace('"stacked"', '"lines"').replace('help = "h"', f'help = "h"\ncolour = "warn"\n{more}')
    with pytest.raises(CatalogError, match="tile is one number"):
        loaded(write(tmp_path, lines))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{toy}", "{statements}", "relation statements is not known"),
        ("$target", "$tarket", "parameter tarket is not known; did you mean target?"),
    ],
)
def test_what_a_panel_may_ask_is_checked(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(CatalogError) as refused:
        loaded(write(tmp_path, sql=SQL.replace(old, new)))
    assert said in str(refused.value)


def test_a_folder_without_its_file_or_of_a_name_twice_is_refused(tmp_path: Path) -> None:
    pack = write(tmp_path)
    with pytest.raises(CatalogError, match="the panel toys is in pack"):
        load_panels(load([pack]), [pack, pack])
    (pack / "panels" / "toys" / "panel.sql").unlink()
    with pytest.raises(CatalogError, match=r"panel\.sql cannot be read"):
        loaded(pack)
    (pack / "panels" / "toys" / "panel.toml").unlink()
    with pytest.raises(CatalogError, match=r"is not a panel: it holds no panel\.toml"):
        loaded(pack)


@pytest.mark.parametrize("panel", PANELS.values(), ids=lambda panel: panel.name)
def test_every_panel_has_all_its_words_and_they_are_in_the_reference(panel: Panel) -> None:
    section = (ROOT / PANELS_PAGE).read_text().partition(f"\n## {panel.name}\n")[2].partition("\n## ")[0]
    words = [panel.title, panel.why, panel.means, panel.todo, panel.computed, *panel.causes, *panel.source]
    drawing = panel.drawing
    if drawing is not None:
        words += [word for series in drawing.series for word in (series.title, series.help)]
        words += [f"`{probe}`" for probe in (*drawing.probes, *drawing.also)]
    assert [word for word in words if word not in section] == []
    assert min(len(word) for word in (panel.means, panel.todo, panel.computed)) > 40
    for sentence in (panel.means, panel.todo, panel.computed):
        assert sentence.endswith(".")


def test_every_folder_is_a_panel_and_the_reference_is_up_to_date() -> None:
    folders = [path for pack in SHIPPED for path in pack.glob("panels/*")]
    assert {path.name for path in folders} == set(PANELS)
    for path in folders:
        drawn = PANELS[path.name].asked is not None
        assert {file.name for file in path.iterdir()} == {"panel.toml", *(["panel.sql"] if drawn else [])}
    assert (ROOT / PANELS_PAGE).read_text() == page(PANELS.values(), MADE), "run python -m pgvigil.catalog.reference"


def test_panels_stand_in_the_order_of_their_page() -> None:
    places = [(panel.page, panel.order) for panel in PANELS.values()]
    assert places == sorted(places)
    assert len(set(places)) == len(places)


def test_the_page_names_the_wait_classes_as_the_panel_of_load_does() -> None:
    """They stand beside statements too, where no panel is asked for."""
    drawing = PANELS["load"].drawing
    assert drawing is not None
    told = re.findall(r'^  (\w+): "([^"]+)",$', (ROOT / "web" / "src" / "lib" / "waits.ts").read_text(), re.MULTILINE)
    words = [(series.key, series.title) for series in drawing.series]
    assert told == [*words, *((series.key, series.help) for series in drawing.series)]
    assert tuple(series.key for series in drawing.series) == CLASSES
