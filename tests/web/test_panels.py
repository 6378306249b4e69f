"""What every panel of Overview offers, in a real browser over a real server under load."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Download, Locator, Page, Route, expect

from fix_browser import Visit, Watched
from pgvigil.catalog import load
from pgvigil.catalog.panels import load_panels

OpenPage = Callable[..., Visit]

PANELS = load_panels(load())
DRAWN = [panel for panel in PANELS.values() if panel.asked is not None and panel.page == "overview"]
LISTED = [PANELS["statements"], PANELS["happened"]]
PASS = 30_000
PHONE = 390
PNG = b"\x89PNG\r\n\x1a\n"


def region(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title, exact=True)


def chart(page: Page, title: str) -> Locator:
    return page.get_by_role("group", name=f"{title}, on average")


def drawn(page: Page, title: str) -> Locator:
    """The panel, once its chart has numbers; it is not asked for until it is near."""
    panel = region(page, title)
    panel.scroll_into_view_if_needed(timeout=PASS)
    expect(chart(page, title)).to_have_attribute("aria-label", re.compile(r"on average: .*\d"), timeout=2 * PASS)
    return panel


def use(panel: Locator, title: str, choice: str) -> None:
    panel.get_by_role("button", name=f"Use {title}").click()
    panel.get_by_role("button", name=choice).click()


def saved(page: Page, panel: Locator, title: str, choice: str) -> Download:
    with page.expect_download() as waiting:
        use(panel, title, choice)
    return waiting.value


def content(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


def test_every_chart_of_overview_is_drawn_in_its_place(open_page: OpenPage, watched: Watched) -> None:
    visit = open_page(f"{watched.url}?range=15m")
    page = visit.page
    for panel in DRAWN:
        drawn(page, panel.title)
    places = [box["y"] for panel in DRAWN if (box := region(page, panel.title).bounding_box()) is not None]
    assert places == sorted(places)
    assert len(places) == len(DRAWN)
    assert visit.complaints == []
    assert visit.violations() == []


def test_the_info_button_says_every_word_of_the_catalog(open_page: OpenPage, watched: Watched) -> None:
    page = open_page(watched.url).page
    for panel in (*DRAWN, *LISTED):
        page.get_by_role("button", name=f"About {panel.title}", exact=True).click(timeout=PASS)
        said = page.get_by_role("dialog", name=panel.title)
        for words in (panel.means, *panel.causes, panel.todo, *panel.source, panel.computed):
            expect(said).to_contain_text(words)
        page.keyboard.press("Escape")
        expect(said).to_have_count(0)


def test_a_chart_is_read_as_a_table_under_an_address_of_its_own(open_page: OpenPage, watched: Watched) -> None:
    page = open_page(f"{watched.url}?range=15m").page
    panel = drawn(page, "Throughput")
    panel.get_by_role("button", name="Use Throughput").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    table = page.get_by_role("table", name="Throughput")
    for head in ("Until", "Committed", "Rolled back", "All"):
        expect(table.get_by_role("columnheader", name=head, exact=True)).to_be_visible()
    expect(table.locator("tbody tr").filter(has_text=re.compile(r"[1-9]\S*/s")).first).to_be_attached()
    expect(page).to_have_url(re.compile(r"[?&]table=throughput"))
    page.reload()
    expect(table).to_be_visible(timeout=PASS)
    use(region(page, "Throughput"), "Throughput", "View as chart")
    expect(table).to_have_count(0)


def test_a_chart_is_saved_as_csv_with_a_row_for_each_step(open_page: OpenPage, watched: Watched) -> None:
    page = open_page(f"{watched.url}?range=15m").page
    panel = drawn(page, "Connections")
    download = saved(page, panel, "Connections", "Save as CSV")
    assert re.fullmatch(rf"{watched.name}-connections-[\dTZ-]+\.csv", download.suggested_filename)
    rows = list(csv.reader(io.StringIO(content(download).decode())))
    assert rows[0] == [
        "until (UTC)", "Active (number)", "Idle in transaction (number)", "Idle (number)", "Other (number)",
        "All (number)", "the span before (number)",
    ]  # fmt: skip
    assert 80 < len(rows) < 95  # 15 minutes by ten seconds
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row[0]) for row in rows[1:])
    known = [row for row in rows[1:] if row[5]]
    assert known
    for row in known:
        assert sum(map(float, row[1:5])) == pytest.approx(float(row[5]))
    assert all(row[1:6] == [""] * 5 for row in rows[1:] if not row[5])


def test_all_statements_are_saved_not_only_those_listed(open_page: OpenPage, watched: Watched) -> None:
    page = open_page(f"{watched.url}?range=15m").page
    expect(page.get_by_role("link", name=re.compile(r"All \d+ statements"))).to_be_visible(timeout=2 * PASS)
    panel = region(page, "Statements by load")
    rows = list(csv.DictReader(io.StringIO(content(saved(page, panel, "Statements by load", "Save as CSV")).decode())))
    assert len(rows) > 25
    assert len({(row["queryid"], row["user"], row["database"]) for row in rows}) > 25
    assert {float(row["calls"]) >= 0 for row in rows} == {True}
    assert all(not row["statement"].startswith(tuple("=+-@\t\r")) for row in rows)


def test_a_chart_is_saved_and_copied_as_a_picture(open_page: OpenPage, watched: Watched) -> None:
    visit = open_page(f"{watched.url}?range=15m")
    page = visit.page
    panel = drawn(page, "Database load")
    picture = content(saved(page, panel, "Database load", "Save as PNG"))
    assert picture.startswith(PNG)
    width, height = (int.from_bytes(picture[at : at + 4]) for at in (16, 20))
    assert width > 1000
    assert 300 < height < 500
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    use(panel, "Database load", "Copy as PNG")
    expect(panel.get_by_role("status").filter(has_text="Copied.")).to_be_visible()
    kinds = page.evaluate("navigator.clipboard.read().then((items) => items[0].types)")
    assert kinds == ["image/png"]
    use(panel, "Database load", "Copy as CSV")
    expect(panel.get_by_role("status").filter(has_text="Copied.")).to_be_visible()
    page.wait_for_function(
        "navigator.clipboard.readText().then((text) => text.startsWith('until (UTC),CPU (sessions)'))"
    )
    assert visit.complaints == []


def test_what_was_not_watched_is_a_gap_and_not_nothing(open_page: OpenPage, watched: Watched) -> None:
    page = open_page(f"{watched.url}?range=24h").page
    drawn(page, "WAL written")
    chart(page, "WAL written").focus()
    page.keyboard.press("Home")
    tip = chart(page, "WAL written").get_by_role("status")
    expect(tip).to_contain_text("Not known: not watched")
    expect(tip).not_to_contain_text("B/s")


def told_otherwise(visit: Visit, panel: str, change: Callable[[Any], None]) -> None:
    """From now on the answer of a panel is told with a change."""

    def changed(route: Route) -> None:
        answer = route.fetch()
        data = answer.json()
        change(data)
        route.fulfill(response=answer, json=data)

    visit.context.route(f"**/panels/{panel}?*", changed)


def test_an_uncertain_stretch_and_the_compared_span_are_told_in_words(open_page: OpenPage, watched: Watched) -> None:
    def doubtful(data: Any) -> None:
        data["uncertain"] = [{"since": data["since"], "until": data["until"]}]
        data["series"][0]["values"] = [2_048.0] * len(data["ts"])
        data["series"][0]["compared"] = [1_048_576.0] * len(data["ts"])
        data["read"] = [True] * len(data["ts"])

    visit = open_page("about:blank")
    told_otherwise(visit, "wal", doubtful)
    page = visit.page
    page.goto(f"{watched.url}?range=1h&compare=week")
    drawn(page, "WAL written")
    chart(page, "WAL written").focus()
    page.keyboard.press("Home")
    tip = chart(page, "WAL written").get_by_role("status")
    expect(tip).to_contain_text("2 kB/s")
    expect(tip).to_contain_text("a week earlier")
    expect(tip).to_contain_text("1 MB/s")
    expect(tip).to_contain_text("Uncertain in part")
    visit.context.unroute_all(behavior="wait")


def test_the_cursor_is_shared_and_one_chart_alone_tells_all(open_page: OpenPage, watched: Watched) -> None:
    page = open_page(f"{watched.url}?range=15m", height=1400).page
    for title in ("Throughput", "Connections"):
        drawn(page, title)
    chart(page, "Throughput").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(chart(page, "Throughput").get_by_role("status")).to_be_visible()
    expect(chart(page, "Connections").locator(".chip")).to_have_text(re.compile(r"\d"))
    expect(chart(page, "Connections").get_by_role("status")).to_have_count(0)


def test_a_panel_that_cannot_be_seen_says_why_and_how_to_change_it(open_page: OpenPage, watched: Watched) -> None:
    page = open_page(f"{watched.url}?target={watched.bare}").page
    panel = region(page, "Mean latency")
    panel.scroll_into_view_if_needed(timeout=PASS)
    expect(panel).to_contain_text("Not visible", timeout=PASS)
    expect(panel.locator("pre")).to_contain_text("CREATE EXTENSION")
    expect(panel.get_by_role("button", name="Copy the SQL")).to_be_visible()
    expect(chart(page, "Mean latency")).to_have_count(0)


def test_a_vital_leads_to_its_chart(open_page: OpenPage, watched: Watched) -> None:
    page = open_page(f"{watched.url}?range=15m", height=700).page
    drawn(page, "Database load")
    page.locator("[data-vital=cost] a").click()
    expect(region(page, "Cost of watching")).to_be_in_viewport()
    expect(page).to_have_url(re.compile(r"range=15m#cost$"))


def test_a_panel_far_below_is_not_asked_for_before_it_is_near(open_page: OpenPage, watched: Watched) -> None:
    visit = open_page("about:blank", width=PHONE, height=700)
    page = visit.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_request(lambda request: "/panels/load?" in request.url):
        page.goto(f"{watched.url}?range=15m")
    expect(page.get_by_role("table", name="Statements").locator("tbody tr").nth(18)).to_be_attached(timeout=2 * PASS)
    assert not any("/panels/cost?" in url for url in asked)
    drawn(page, "Cost of watching")
    assert any("/panels/cost?" in url for url in asked)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE


def test_what_happened_is_saved_whole_and_nothing_of_it_is_a_formula(open_page: OpenPage, watched: Watched) -> None:
    happened = {"ts": 1_700_000_000.0, "kind": "setting", "title": "Setting changed", "subject": "work_mem"}
    all_of_them = [
        {**happened, "before": "=1+1", "after": "-5", "detail": None},
        *({**happened, "before": str(number), "after": "@x", "detail": "a, b"} for number in range(600)),
    ]

    def some(route: Route) -> None:
        asked = parse_qs(urlsplit(route.request.url).query)
        first, count = int(asked["offset"][0]), int(asked["limit"][0])
        page = {"since": 0, "until": 1, "total": len(all_of_them), "limit": count, "offset": first}
        route.fulfill(json={**page, "events": all_of_them[first : first + count]})

    visit = open_page("about:blank")
    visit.context.route("**/events?*", some)
    page = visit.page
    page.goto(watched.url)
    panel = region(page, "What happened")
    expect(panel.get_by_role("listitem")).to_have_count(12, timeout=PASS)
    text = content(saved(page, panel, "What happened", "Save as CSV")).decode()
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[:2] == [
        ["at (UTC)", "what", "subject", "before", "after", "detail"],
        ["2023-11-14T22:13:20Z", "Setting changed", "work_mem", "'=1+1", "'-5", ""],
    ]
    assert len(rows) == 1 + len(all_of_them)
    assert rows[-1][3:] == ["599", "'@x", "a, b"]
    visit.context.unroute_all(behavior="wait")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_in_tables_menus_and_words(open_page: OpenPage, watched: Watched, theme: str) -> None:
    visit = open_page(f"{watched.url}?range=15m&table=load,throughput", theme=theme)
    page = visit.page
    expect(page.get_by_role("table", name="Throughput").locator("tbody tr").nth(3)).to_be_attached(timeout=2 * PASS)
    region(page, "Throughput").get_by_role("button", name="Use Throughput").click()
    assert visit.violations() == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="About Throughput").click()
    expect(page.get_by_role("dialog", name="Throughput")).to_be_visible()
    assert visit.violations() == []
