"""The overview in a real browser, over a real `pgvigil serve` that watches a real server under load."""

import re
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from fix_browser import Load, Visit, Watched
from web.looking import PASS, PHONE, address, says

OpenPage = Callable[..., Visit]


def statements(page: Page) -> Locator:
    return page.get_by_role("table", name="Statements").locator("tbody tr")


def chart(page: Page) -> Locator:
    return page.get_by_role("group", name="Database load")


def drawn(visit: Visit, watched: Watched) -> Page:
    """The page, once load and statements of the busy target are there."""
    page = visit.page
    expect(page.get_by_role("heading", name=f"{watched.name} · Overview · pgvigil")).to_be_attached()
    # Below the fold nothing is asked for again.
    page.get_by_role("region", name="Statements by load").scroll_into_view_if_needed(timeout=PASS)
    expect(statements(page).nth(4)).to_be_visible(timeout=2 * PASS)
    page.evaluate("scrollTo(0, 0)")
    expect(chart(page)).to_have_attribute("aria-label", re.compile(r"CPU \d"), timeout=PASS)
    return page


def test_overview_shows_load_vitals_and_statements_and_nothing_complains(open_page: OpenPage, watched: Watched) -> None:
    visit = open_page(watched.url)
    page = drawn(visit, watched)
    expect(chart(page)).to_have_attribute("aria-label", re.compile(r"Lock \d"), timeout=PASS)
    expect(page.locator("[data-vital]")).to_have_count(7)
    for key in ("load", "throughput", "latency", "connections", "cache_hit", "cost"):
        expect(page.locator(f"[data-vital={key}] .value")).to_have_text(re.compile(r"^\d"), timeout=PASS)
    expect(page.locator("[data-vital=connections] .value")).to_have_text(re.compile(r"^\d\S* of \d+ for clients$"))
    expect(statements(page).nth(19)).to_be_visible(timeout=PASS)
    expect(page.get_by_role("heading", name="What happened")).to_be_visible()
    # The server's content security policy is strict; a breach of it is an error on the console.
    assert visit.complaints == []


def test_a_browser_whose_language_is_none_draws_the_page_all_the_same(open_page: OpenPage, watched: Watched) -> None:
    visit = open_page("about:blank")
    # What a Chromium that was started with LANG=C says.
    visit.context.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'language', { get: () => 'en-US@posix', configurable: true })"
    )
    visit.page.goto(watched.url)
    drawn(visit, watched)
    assert visit.complaints == []


def test_all_statements_are_one_press_away_and_the_span_goes_along(open_page: OpenPage, watched: Watched) -> None:
    page = drawn(open_page(f"{watched.url}?range=15m"), watched)
    page.get_by_role("link", name=re.compile(r"All \d+ statements")).click(timeout=PASS)
    for table in Load.TABLES:
        expect(statements(page).filter(has_text=f"from {table} where id")).to_have_count(1, timeout=PASS)
    assert urlsplit(page.url).path == "/queries"
    assert address(page) == {"range": "15m"}


def test_no_literal_of_a_statement_reaches_the_page(open_page: OpenPage, watched: Watched) -> None:
    page = drawn(open_page(watched.url), watched)
    assert "never 7" not in page.content()
    assert "waited for" not in page.content()


def test_live_page_moves_on_without_drawing_the_chart_anew(open_page: OpenPage, watched: Watched) -> None:
    page = drawn(open_page(f"{watched.url}?range=15m"), watched)
    expect(page.get_by_role("button", name="Live", exact=True)).to_be_visible()
    page.evaluate("document.querySelector('.u-over').mark = 'the same'")
    when = chart(page).locator(".when")
    chart(page).focus()
    page.keyboard.press("End")
    first = when.inner_text()
    for _ in range(2):
        expect(when).not_to_have_text(first, timeout=PASS)
        page.wait_for_timeout(1100)
        page.keyboard.press("End")
    assert page.evaluate("document.querySelector('.u-over').mark") == "the same"


def test_dragging_across_the_chart_looks_closer_and_back_goes_back(open_page: OpenPage, watched: Watched) -> None:
    page = drawn(open_page(f"{watched.url}?range=15m"), watched)
    box = chart(page).locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 60, steps=4)
    page.mouse.up()
    page.wait_for_url(re.compile("from="))
    said = address(page)
    assert 200 < int(said["to"]) - int(said["from"]) < 340  # 30 % of 15 minutes
    expect(page.get_by_role("button", name="Live", exact=True)).to_have_attribute("aria-pressed", "false")
    page.go_back()
    says(page, "from=.*", so=False)
    expect(page.get_by_role("button", name="Live", exact=True)).to_have_attribute("aria-pressed", "true")


def test_hovering_tells_time_and_every_class(open_page: OpenPage, watched: Watched) -> None:
    page = drawn(open_page(f"{watched.url}?range=15m"), watched)
    chart(page).focus()
    page.keyboard.press("End")
    tip = chart(page).get_by_role("status")
    expect(tip).to_contain_text(re.compile(r"\d\d:\d\d:\d\d"))
    expect(tip).to_contain_text("All")
    # A class without a session at that moment is left out; somebody waits for a lock all the time.
    expect(tip).to_contain_text("Lock")


def test_pressing_a_head_sorts_at_the_server(open_page: OpenPage, watched: Watched) -> None:
    page = drawn(open_page(watched.url), watched)
    with page.expect_request(re.compile(r"/statements\?.*sort=calls_per_s")) as asked:
        page.get_by_role("button", name="Calls", exact=True).click()
    assert "order=desc" in asked.value.url
    expect(page.get_by_role("columnheader", name="Calls")).to_have_attribute("aria-sort", "descending")
    says(page, "sort=calls_per_s")
    with page.expect_request(re.compile(r"sort=calls_per_s&order=asc")):
        page.get_by_role("button", name="Calls", exact=True).click()


def test_a_statement_opens_in_full_under_an_address_of_its_own(open_page: OpenPage, watched: Watched) -> None:
    page = drawn(open_page(watched.url), watched)
    long = statements(page).filter(has_text="from orders_00 where note")
    expect(long).to_have_count(1, timeout=PASS)
    long.click()
    whole = page.get_by_role("region", name="Statement", exact=True).locator("pre")
    # All 40 conditions of it, where the list shows the first.
    expect(whole).to_contain_text("note", timeout=PASS)
    assert whole.inner_text().count("note <> $") == Load.LONG.count("note <> ")
    assert urlsplit(page.url).path.startswith("/queries/")
    page.reload()
    expect(whole).to_be_visible(timeout=PASS)
    page.go_back()
    drawn(Visit(page, page.context), watched)


def test_load_can_be_read_as_a_table_and_classes_hidden(open_page: OpenPage, watched: Watched) -> None:
    page = drawn(open_page(f"{watched.url}?range=15m"), watched)
    page.get_by_role("button", name="Timeout", exact=True).click()
    says(page, "hide=timeout")
    region = page.get_by_role("region", name="Database load")
    region.get_by_role("button", name="Use Database load").click()
    region.get_by_role("button", name="View as table").click()
    table = page.get_by_role("table", name="Database load")
    expect(table.get_by_role("columnheader", name="LWLock")).to_be_visible()
    expect(table.locator("tbody tr").first).to_contain_text(re.compile(r"\d\d:\d\d:\d\d"))
    region.get_by_role("button", name="Use Database load").click()
    region.get_by_role("button", name="View as chart").click()
    expect(chart(page)).to_be_visible()


def test_what_cannot_be_seen_says_why_and_how_to_change_it(open_page: OpenPage, watched: Watched) -> None:
    page = open_page(f"{watched.url}?target={watched.bare}").page
    unseen = page.get_by_role("region", name="Statements by load")
    expect(unseen).to_contain_text("Not visible", timeout=PASS)
    expect(unseen.locator("pre")).to_contain_text("CREATE EXTENSION")
    expect(unseen.get_by_role("button", name="Copy the SQL")).to_be_visible()
    expect(page.locator("[data-vital=latency] .value")).to_have_text(re.compile("^-"))


def test_servers_are_switched_and_the_range_stays(open_page: OpenPage, watched: Watched) -> None:
    page = drawn(open_page(f"{watched.url}?range=15m"), watched)
    page.get_by_role("button", name="Server:").click()
    page.get_by_role("button", name=watched.bare).click()
    expect(page.get_by_role("heading", name=f"{watched.bare} · Overview · pgvigil")).to_be_attached()
    says(page, f"target={watched.bare}")
    assert address(page) == {"range": "15m", "target": watched.bare}


def test_a_lost_connection_keeps_the_picture_and_heals_by_itself(open_page: OpenPage, watched: Watched) -> None:
    visit = open_page(watched.url)
    page = drawn(visit, watched)
    shown = statements(page).count()
    lost = page.get_by_role("region", name="Statements by load").get_by_role("alert")
    page.get_by_role("region", name="Statements by load").scroll_into_view_if_needed()
    visit.context.set_offline(True)
    page.get_by_role("button", name="1 h").click()  # the same question once more
    expect(lost).to_contain_text("pgvigil does not answer.", timeout=PASS)
    expect(lost).to_contain_text("What is shown is older.")
    assert statements(page).count() == shown
    visit.context.set_offline(False)
    expect(page.get_by_role("alert")).to_have_count(0, timeout=2 * PASS)
    expect(page.get_by_role("button", name="Live", exact=True)).to_be_visible(timeout=2 * PASS)


def nothing_old(page: Page) -> None:
    """Wait until the page says that its question failed; then no answer to another one may stand there."""
    for name in ("Database load", "Statements by load", "What happened"):
        failed = page.get_by_role("region", name=name).get_by_role("alert")
        expect(failed).to_be_visible(timeout=PASS)
        expect(failed).not_to_contain_text("What is shown is older.")
    expect(statements(page)).to_have_count(0)
    expect(chart(page)).to_have_count(0)
    expect(page.locator("[data-vital]")).to_have_count(0)


def test_no_number_of_one_server_or_range_stands_under_the_name_of_another(
    open_page: OpenPage, watched: Watched
) -> None:
    visit = open_page(watched.url)
    page = drawn(visit, watched)
    visit.context.set_offline(True)
    page.get_by_role("button", name="6 h").click()
    nothing_old(page)
    visit.context.set_offline(False)
    drawn(visit, watched)
    visit.context.set_offline(True)
    page.get_by_role("button", name="Server:").click()
    page.get_by_role("button", name=watched.bare).click()
    expect(page.get_by_role("heading", name=f"{watched.bare} · Overview · pgvigil")).to_be_attached()
    nothing_old(page)


def test_nothing_is_shown_under_a_span_that_is_refused(open_page: OpenPage, watched: Watched) -> None:
    coming = int(time.time()) + 7200
    visit = open_page(f"{watched.url}?from={coming}&to={coming + 3600}")
    page = visit.page
    nothing_old(page)
    page.get_by_role("button", name="Live", exact=True).click()
    drawn(visit, watched)
    page.go_back()
    nothing_old(page)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing(open_page: OpenPage, watched: Watched, theme: str) -> None:
    visit = open_page(watched.url, theme=theme)
    drawn(visit, watched)
    assert visit.violations() == []


def test_the_theme_follows_the_system_until_chosen_and_is_remembered(open_page: OpenPage, watched: Watched) -> None:
    page = drawn(open_page(watched.url, theme="light"), watched)
    scheme = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(scheme)
    page.get_by_role("button", name="Change to dark").click()
    dark = page.evaluate(scheme)
    assert light != dark
    page.reload()
    drawn_again = page.evaluate(scheme)
    assert drawn_again == dark


def test_a_phone_shows_one_column_with_server_and_range_in_a_sheet(open_page: OpenPage, watched: Watched) -> None:
    visit = open_page(watched.url, width=PHONE, height=844)
    page = drawn(visit, watched)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE
    assert visit.violations() == []
    page.get_by_role("button", name="Server and time range").click()
    sheet = page.get_by_role("dialog", name="Server and time range")
    sheet.get_by_role("button", name="15 m").click()
    says(page, "range=15m")
    assert visit.violations() == []


def test_the_page_does_not_jump_while_it_loads_and_lives(open_page: OpenPage, watched: Watched) -> None:
    visit = open_page(watched.url)
    page = drawn(visit, watched)
    page.wait_for_timeout(3000)
    shift = page.evaluate(
        """new Promise((resolve) => {
          let sum = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
          }).observe({ type: 'layout-shift', buffered: true });
          setTimeout(() => resolve(sum), 200);
        })"""
    )
    assert shift < 0.02


@pytest.mark.parametrize(("width", "abreast"), [(1320, 7), (1000, 4), (PHONE, 2)])
def test_the_vitals_fill_their_rows_and_no_word_is_cut(
    open_page: OpenPage, watched: Watched, width: int, abreast: int
) -> None:
    def with_all_figures(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        for vital in told["vitals"]:
            vital["value"] = 78.6
        route.fulfill(response=answer, json=told)

    visit = open_page("about:blank", width=width)
    visit.context.route("**/vitals?*", with_all_figures)
    page = visit.page
    page.goto(watched.url)
    tiles = page.locator("[data-vital]")
    expect(tiles).to_have_count(7, timeout=PASS)
    # All at once: what comes above them, such as a verdict, moves them.
    boxes = tiles.evaluate_all("them => them.map((it) => it.getBoundingClientRect().toJSON())")
    tops = [round(box["top"]) for box in boxes]
    assert tops.count(tops[0]) == abreast
    ends = {round(max(box["right"] for box in boxes if round(box["top"]) == top)) for top in tops}
    assert len(ends) == 1
    cut = "them => them.filter((it) => it.scrollWidth > it.clientWidth).map((it) => it.textContent)"
    assert page.locator("[data-vital] :is(h2, .value)").evaluate_all(cut) == []
