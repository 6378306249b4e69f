"""The pages of statements in a real browser: on a server under load, and with answers that a test makes up."""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Dialog, Locator, Page, Route, expect

from fix_browser import Load, Visit, Watched
from pgvigil.catalog import load
from pgvigil.catalog.panels import load_panels

PANELS = load_panels(load())
OpenPage = Callable[..., Visit]

PHONE = 390
PASS = 30_000
"""Milliseconds within which the numbers of a pass, due every 10 s, must be there on a busy machine."""


def rows(page: Page) -> Locator:
    return page.get_by_role("table", name="Statements", exact=True).locator("tbody tr:not([aria-hidden])")


def says(page: Page, words: str, *, so: bool = True) -> None:
    pattern = re.compile(rf"[?&]{words}(&|$)")
    if so:
        expect(page).to_have_url(pattern)
    else:
        expect(page).not_to_have_url(pattern)


def listed(open_page: OpenPage, watched: Watched, search: str = "", **how: Any) -> Visit:
    """The list, once the statements of the busy target are there."""
    visit = open_page(f"{watched.root}queries?range=15m{search}", **how)
    expect(rows(visit.page).nth(0 if search else 4)).to_be_visible(timeout=2 * PASS)
    return visit


def column(page: Page, title: str) -> list[str]:
    """What stands in a column, from above."""
    heads = page.get_by_role("table", name="Statements", exact=True).locator("th").all_inner_texts()
    at = next(number for number, head in enumerate(heads) if head.rstrip(" ↑↓") == title)
    return rows(page).locator(f"td:nth-child({at + 1})").all_inner_texts()


def test_a_list_is_searched_and_filtered_and_its_address_says_so(open_page: OpenPage, watched: Watched) -> None:
    visit = listed(open_page, watched)
    page = visit.page
    page.get_by_role("searchbox", name="Words in the text").fill("ORDERS_00 count note")
    expect(rows(page)).to_have_count(1, timeout=PASS)
    says(page, r"search=ORDERS_00\+count\+note")
    page.reload()
    expect(rows(page)).to_have_count(1, timeout=PASS)
    page.get_by_role("searchbox").fill("nothing has these words")
    expect(page.get_by_text("No statement of this span fits the filter.")).to_be_visible(timeout=PASS)
    page.get_by_role("searchbox").fill("")
    expect(rows(page).nth(4)).to_be_visible(timeout=PASS)
    says(page, "search=.*", so=False)
    page.get_by_role("button", name="Utility").click(timeout=PASS)
    expect(rows(page).filter(has_text=re.compile("begin", re.IGNORECASE)).first).to_be_visible(timeout=PASS)
    expect(rows(page).filter(has_text="generate_series")).to_have_count(0)
    says(page, "kind=utility")
    page.go_back()
    says(page, "kind=.*", so=False)
    expect(rows(page).filter(has_text="generate_series").first).to_be_visible(timeout=PASS)
    page.get_by_role("combobox", name="Database").select_option(watched.name)
    says(page, f"database={watched.name}")
    expect(rows(page).filter(has_text="generate_series")).to_have_count(1, timeout=PASS)
    assert visit.complaints == []


def test_every_head_sorts_at_the_server_and_back_goes_back(open_page: OpenPage, watched: Watched) -> None:
    page = listed(open_page, watched).page
    with page.expect_request(re.compile(r"sort=calls_per_s&order=desc")):
        page.get_by_role("button", name="Calls", exact=True).click()
    says(page, "sort=calls_per_s")
    with page.expect_request(re.compile(r"sort=calls_per_s&order=asc")):
        page.get_by_role("button", name="Calls", exact=True).click()
    says(page, "order=asc")
    page.go_back()
    says(page, "order=asc", so=False)
    expect(page.get_by_role("columnheader", name="Calls")).to_have_attribute("aria-sort", "descending")
    page.go_forward()
    expect(page.get_by_role("columnheader", name="Calls")).to_have_attribute("aria-sort", "ascending")
    with page.expect_request(re.compile(r"sort=text&order=asc")):
        page.get_by_role("button", name="Statement", exact=True).nth(1).click()


def test_columns_are_chosen_and_stay_in_the_address(open_page: OpenPage, watched: Watched) -> None:
    page = listed(open_page, watched).page
    page.get_by_role("button", name="Columns").click()
    for title in ("WAL", "Planning", "I/O time"):
        page.get_by_role("checkbox", name=title).check()
    page.get_by_role("checkbox", name="User").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    expect(rows(page).nth(4)).to_be_visible(timeout=PASS)
    expect(page.get_by_role("columnheader", name="WAL")).to_be_visible()
    expect(page.get_by_role("columnheader", name="User")).to_have_count(0)
    # The server does not track planning: not known, which is not 0.
    assert set(column(page, "Planning")) == {"-"}
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("button", name="As at first").click()
    says(page, "columns=.*", so=False)


def test_statements_are_grouped_and_a_group_leads_to_its_statements(open_page: OpenPage, watched: Watched) -> None:
    page = listed(open_page, watched).page
    page.get_by_role("group", name="Group by").get_by_role("button", name="Tag").click()
    expect(page.get_by_text("By samples: each second")).to_be_visible(timeout=PASS)
    tags = page.get_by_role("table", name="Statements by tag").locator("tbody tr")
    expect(tags.filter(has_text=f"route = {Load.ROUTE}")).to_have_count(1, timeout=2 * PASS)
    page.get_by_role("group", name="Group by").get_by_role("button", name="Database").click()
    says(page, "group=database")
    group = page.get_by_role("table", name="Statements by database").locator("tbody tr").filter(has_text=watched.name)
    group.get_by_role("button").click()
    says(page, f"database={watched.name}")
    expect(rows(page).filter(has_text="generate_series")).to_have_count(1, timeout=PASS)
    expect(page.get_by_text("A statement that fails is not counted")).to_be_visible()


def test_one_statement_is_told_in_full(open_page: OpenPage, watched: Watched) -> None:
    visit = listed(open_page, watched, "&search=generate_series")
    page = visit.page
    rows(page).first.get_by_role("link").click()
    whole = page.get_by_role("region", name="Statement", exact=True)
    text = re.compile(r"select count\(\*\)\s+from generate_series\(\$1, \$2\)")
    expect(whole.locator("pre")).to_have_text(text, timeout=PASS)
    assert "\n" in whole.locator("pre").inner_text()
    expect(whole).to_contain_text(f"database {watched.name}")
    needs = page.get_by_role("region", name="What it needs")
    expect(needs).to_contain_text(re.compile(r"Time per call\s*[\d.]+ ms ± [\d.]+ ms"))
    expect(needs).to_contain_text(re.compile(r"not of this span: since \d"))
    expect(needs).to_contain_text("track_planning is off")
    for title in ("Load", "Calls", "Time per call", "Rows", "Blocks", "Temporary files", "WAL"):
        expect(page.get_by_role("region", name=title, exact=True).locator("canvas")).to_be_visible()
    expect(page.get_by_role("group", name=re.compile(r"^Calls, on average: Calls \d"))).to_be_visible()
    waits = page.get_by_role("region", name="Waits while it ran")
    expect(waits.locator("tbody tr").first).to_contain_text("CPU", timeout=2 * PASS)
    waits.get_by_role("button", name="Database").click()
    expect(waits.locator("tbody tr").first).to_contain_text(watched.name)
    expect(page.get_by_role("region", name="Who ran it").locator("tbody tr").first).to_contain_text("(this one)")
    page.get_by_role("link", name="← All statements").click()
    expect(rows(page).nth(4)).to_be_visible(timeout=PASS)
    assert urlsplit(page.url).path == "/queries"
    says(page, "range=15m")
    assert visit.complaints == []


def test_every_panel_of_a_statement_says_what_the_catalog_says_and_gives_its_rows(
    open_page: OpenPage, watched: Watched
) -> None:
    page = listed(open_page, watched, "&search=generate_series").page
    rows(page).first.get_by_role("link").click()
    expect(page.get_by_role("group", name=re.compile(r"^Calls, on average: Calls \d"))).to_be_visible(timeout=PASS)
    for panel in (panel for panel in PANELS.values() if panel.page == "statement"):
        page.get_by_role("button", name=f"About {panel.title}", exact=True).click(timeout=PASS)
        said = page.get_by_role("dialog", name=panel.title, exact=True)
        for words in (panel.means, *panel.causes, panel.todo, *panel.source, panel.computed):
            expect(said).to_contain_text(words)
        page.keyboard.press("Escape")
    calls = given(page, "Calls", "Save as CSV")
    assert calls[0] == ["until (UTC)", "Calls (per second)", "the span before (per second)"]
    assert any(float(row[1]) > 0 for row in calls[1:] if row[1])
    who = given(page, "Who ran it", "Save as CSV")
    assert who[0][:3] == ["statement", "queryid", "kind"]
    assert watched.name in who[1]
    waits = given(page, "Waits while it ran", "Save as CSV")
    assert waits[0] == ["name", "share", "load (sessions)"]
    page.get_by_role("button", name="Use Calls").click()
    page.get_by_role("button", name="View as table").click()
    expect(page.get_by_role("table", name="Calls").locator("tbody tr").filter(has_text="/s").first).to_be_attached()
    says(page, "table=statement_calls")


def given(page: Page, title: str, choice: str) -> list[list[str]]:
    """The rows of what a panel saves."""
    page.get_by_role("button", name=f"Use {title}", exact=False).click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name=choice).click()
    return list(csv.reader(io.StringIO(Path(waiting.value.path()).read_text())))


def test_the_list_explains_itself_and_is_saved_as_filtered(open_page: OpenPage, watched: Watched) -> None:
    page = listed(open_page, watched, "&search=orders_0").page
    page.get_by_role("button", name="About Statements").click()
    expect(page.get_by_role("dialog", name="Statements")).to_contain_text(PANELS["queries"].computed)
    page.keyboard.press("Escape")
    found = given(page, "Statements", "Save as CSV")
    assert len(found) > 5
    assert all("orders_0" in row[0] for row in found[1:])
    page.get_by_role("group", name="Group by").get_by_role("button", name="Database").click()
    expect(page.get_by_role("table", name="Statements by database")).to_be_visible(timeout=PASS)
    assert watched.name in [row[0] for row in given(page, "Statements", "Save as CSV")]


def test_a_statement_that_is_not_there_is_told_so(open_page: OpenPage, watched: Watched) -> None:
    page = open_page(f"{watched.root}queries/1/2/3/4").page
    expect(page.get_by_role("alert")).to_contain_text("There is no statement '1/2/3/4'", timeout=PASS)
    expect(page.get_by_role("link", name="← All statements")).to_be_visible()


def test_what_cannot_be_seen_says_why(open_page: OpenPage, watched: Watched) -> None:
    page = open_page(f"{watched.root}queries?target={watched.bare}").page
    expect(page.get_by_role("region", name="Statements", exact=True)).to_contain_text("CREATE EXTENSION", timeout=PASS)


def made_up(number: int, **more: Any) -> dict[str, Any]:
    """A row of the API."""
    numbers = dict.fromkeys(
        ("calls_per_s", "mean_ms", "stddev_ms", "rows_per_call", "hit_per_call", "read_per_call", "cache_hit",
         "temp_bytes_per_s", "wal_bytes_per_s", "io_share", "plan_ms", "load", "share", "load_before",
         "calls_per_s_before", "mean_ms_before", "is_new", "spark")
    )  # fmt: skip
    return {
        **numbers, "id": f"{number}/10/5/1", "queryid": str(number),
        "text": f"SELECT a FROM table_{number} WHERE b = 1",
        "cut": False, "kind": "query", "user": "app", "database": "shop", "toplevel": True, "calls": number,
        "by_class": [], "uncertain": False, **more,
    }  # fmt: skip


def with_rows(visit: Visit, told: Sequence[Mapping[str, Any]]) -> None:
    """Answer every question for statements with these rows, as far as it wants them."""

    def answer(route: Route) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(route.request.url).query).items()}
        ordered = sorted(told, key=lambda row: row["calls"], reverse=asked["order"] == "desc")
        words = asked.get("search", "").lower().split()
        fitting = [row for row in ordered if all(word in (row["text"] or "").lower() for word in words)]
        body = {
            "since": float(asked["from"]), "until": float(asked["to"]), "compared_since": None, "compared_until": None,
            "total": len(fitting), "covered": 1.0, "limit": int(asked["limit"]), "offset": 0, "sort": asked["sort"],
            "order": asked["order"], "secs": 900.0, "rows": fitting[: int(asked["limit"])], "not_visible": None,
        }  # fmt: skip
        route.fulfill(body=json.dumps(body), content_type="application/json")

    visit.context.route(re.compile(r"/statements\?"), answer)


@pytest.mark.parametrize("width", [1440, PHONE])
def test_five_thousand_statements_scroll_with_few_of_them_drawn(
    open_page: OpenPage, watched: Watched, width: int
) -> None:
    visit = open_page("about:blank", width=width)
    with_rows(visit, [made_up(number) for number in range(1, 5001)])
    page = visit.page
    page.goto(f"{watched.root}queries?range=15m&sort=calls")
    box = page.get_by_role("region", name="Statements, rows")
    table = page.get_by_role("table", name="Statements", exact=True)
    expect(table).to_have_attribute("aria-rowcount", "5001", timeout=PASS)
    expect(rows(page).first).to_contain_text("table_5000 ")
    assert rows(page).count() < 120
    box.evaluate("it => it.scrollTo(0, it.scrollHeight / 2)")
    expect(rows(page).filter(has_text="table_2500 ")).to_have_count(1)
    assert rows(page).count() < 120
    heights = rows(page).evaluate_all("them => [...new Set(them.map((it) => it.getBoundingClientRect().height))]")
    assert heights == [33 if width > PHONE else 84]
    box.evaluate("it => it.scrollTo(0, it.scrollHeight)")
    expect(rows(page).last).to_contain_text("table_1 ")
    # What is in sight lies where the bar of scrolling says: the last row ends at the end.
    below = "it => it.querySelector('tbody').getBoundingClientRect().bottom - it.getBoundingClientRect().bottom"
    assert abs(box.evaluate(below)) < 20
    assert visit.complaints == []


def test_hostile_texts_are_shown_as_texts(open_page: OpenPage, watched: Watched) -> None:
    texts = (
        "SELECT '<script>alert(1)</script><img src=x onerror=alert(2)>'",
        "SELECT \u202e1 mrof \u05d0\u05d1\u05d2",
        "SELECT {{7*7}} ${7*7} %s &lt;b&gt;",
        "SELECT " + "x" * 100_000,
        "",
    )
    visit = open_page("about:blank")
    with_rows(visit, [made_up(len(texts) - number, text=text) for number, text in enumerate(texts)])
    page = visit.page
    alerts: list[str] = []

    def alerted(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", alerted)
    page.goto(f"{watched.root}queries?sort=calls")
    expect(rows(page)).to_have_count(len(texts), timeout=PASS)
    shown = rows(page).locator("td:first-child").all_text_contents()
    for text, cell in zip(texts[:3], shown, strict=False):
        assert cell.strip() == text
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    assert (alerts, visit.complaints) == ([], [])

    def with_text(route: Route) -> None:
        route.fulfill(body=json.dumps({**json.loads(route.fetch().body()), "text": texts[0] + texts[1] + texts[3]}))

    visit.context.unroute_all()
    visit.context.route(re.compile(r"/statements/-?\d"), with_text)
    page.goto(f"{watched.root}queries?range=15m&search=generate_series")
    rows(page).first.get_by_role("link").click(timeout=2 * PASS)
    whole = page.get_by_role("region", name="Statement", exact=True).locator("pre")
    expect(whole).to_contain_text("<script>alert(1)</script>", timeout=PASS)
    assert whole.text_content() == texts[0] + texts[1] + texts[3]
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    assert (alerts, visit.complaints) == ([], [])


def test_what_is_not_known_is_a_dash_and_what_is_new_says_so(open_page: OpenPage, watched: Watched) -> None:
    visit = open_page("about:blank")
    known = {"load": 0.2, "share": 0.5, "mean_ms": 3.0, "load_before": 0.1}
    with_rows(
        visit,
        [
            made_up(3),
            made_up(2, **known, is_new=False),
            made_up(1, **{**known, "load_before": 0.0}, is_new=True, text=None, queryid=None, kind="hidden"),
        ],
    )
    page = visit.page
    page.goto(f"{watched.root}queries?sort=calls&columns=load,load_change,mean_ms,stddev_ms,cache_hit,io_share")
    expect(rows(page)).to_have_count(3, timeout=PASS)
    assert set(rows(page).first.locator("td:not(:first-child)").all_inner_texts()) == {"-"}
    assert column(page, "Change") == ["-", "▲ 2×", "new"]
    assert column(page, "Statement")[2] == "(not visible to this role)"


def test_sorting_filtering_and_scrolling_many_leaves_the_page_free(open_page: OpenPage, watched: Watched) -> None:
    visit = open_page("about:blank")
    with_rows(visit, [made_up(number) for number in range(1, 5001)])
    page = visit.page
    page.goto(f"{watched.root}queries?range=15m&sort=calls")
    table = page.get_by_role("table", name="Statements", exact=True)
    expect(table).to_have_attribute("aria-rowcount", "5001", timeout=PASS)
    page.get_by_role("searchbox").fill("table_49")
    expect(table).to_have_attribute("aria-rowcount", "112", timeout=PASS)
    page.get_by_role("searchbox").fill("")
    expect(table).to_have_attribute("aria-rowcount", "5001", timeout=PASS)
    with page.expect_response(re.compile(r"order=asc.*limit=5000")):
        page.get_by_role("button", name="Calls", exact=True).click()
        page.get_by_role("button", name="Calls", exact=True).click()
    expect(rows(page).first).to_contain_text("table_1 ")
    expect(table).to_have_attribute("aria-rowcount", "5001")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing(open_page: OpenPage, watched: Watched, theme: str) -> None:
    visit = listed(open_page, watched, theme=theme)
    page = visit.page
    assert visit.violations() == []
    for by in ("Tag", "User", "Statement"):
        switch = page.get_by_role("group", name="Group by").get_by_role("button", name=by)
        switch.click()
        expect(switch).to_have_attribute("aria-pressed", "true")
        assert visit.violations() == []
    rows(page).first.get_by_role("link").click()
    expect(page.get_by_role("region", name="What it needs")).to_be_visible(timeout=PASS)
    assert visit.violations() == []


def test_a_phone_shows_cards_and_one_column(open_page: OpenPage, watched: Watched) -> None:
    visit = listed(open_page, watched, width=PHONE, height=844)
    page = visit.page
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE
    assert visit.violations() == []
    page.get_by_role("combobox", name="Sorted by").select_option("Mean")
    says(page, "sort=mean_ms")
    rows(page).first.get_by_role("link").click()
    expect(page.get_by_role("region", name="What it needs")).to_be_visible(timeout=PASS)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE
    assert visit.violations() == []
