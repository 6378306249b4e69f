"""The shell around the pages: keys, time, comparison, search, switching of servers and pages."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from fix_browser import Visit, Watched
from web.looking import PASS, PHONE, address, says, settled

OpenPage = Callable[..., Visit]


def overview(open_page: OpenPage, watched: Watched, query: str = "", **how: Any) -> Visit:
    visit = open_page(f"{watched.url}{query}", **how)
    settled(visit.page, f"{watched.name} · Overview · pgvigil")
    return visit


def live(page: Page) -> Locator:
    return page.get_by_role("button", name="Live", exact=True)


def option(page: Page, words: str) -> Locator:
    return page.get_by_role("option").filter(has_text=words)


def length(page: Page) -> int:
    said = address(page)
    return int(said["to"]) - int(said["from"])


def test_the_keyboard_does_what_the_help_says(open_page: OpenPage, watched: Watched) -> None:
    page = overview(open_page, watched).page
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keyboard")
    expect(help_).to_be_visible()
    for name in page.get_by_role("navigation", name="Pages").get_by_role("link", include_hidden=True).all_inner_texts():
        expect(help_.locator("dd", has_text=name)).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("l")
    says(page, "from=.*")
    page.keyboard.press("l")
    says(page, "from=.*", so=False)
    page.keyboard.press("t")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    says(page, "range=6h")
    page.keyboard.press("c")
    expect(page.get_by_role("combobox", name="Compare with")).to_be_focused()
    page.keyboard.press("ArrowDown")
    says(page, "compare=day")


def test_g_and_a_letter_go_to_a_page_and_g_alone_to_none(open_page: OpenPage, watched: Watched) -> None:
    page = overview(open_page, watched, "?range=15m").page
    page.keyboard.press("g")
    page.keyboard.press("f")
    expect(page).to_have_title("Fleet · pgvigil")
    assert address(page) == {"range": "15m"}
    page.keyboard.press("g")
    page.keyboard.press("x")
    page.keyboard.press("o")
    expect(page).to_have_title("Fleet · pgvigil")
    page.keyboard.press("g")
    page.keyboard.press("o")
    expect(page).to_have_title(f"{watched.name} · Overview · pgvigil")
    # Where somebody types, a letter is a letter.
    page.keyboard.press("/")
    page.keyboard.type("gf[-c?")
    expect(page.get_by_role("dialog", name="Search").get_by_role("combobox")).to_have_value("gf[-c?")
    expect(page).to_have_title(f"{watched.name} · Overview · pgvigil")


def test_another_page_begins_at_its_heading_and_the_content_is_one_key_away(
    open_page: OpenPage, watched: Watched
) -> None:
    page = overview(open_page, watched).page
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Fleet").click()
    expect(page.get_by_role("heading", level=1, name="Fleet · pgvigil")).to_be_focused()
    page.go_back()
    expect(page.get_by_role("heading", level=1, name=f"{watched.name} · Overview · pgvigil")).to_be_focused()


def test_earlier_and_later_go_by_half_a_span_and_end_at_the_present(open_page: OpenPage, watched: Watched) -> None:
    page = overview(open_page, watched, "?range=15m").page
    later = page.get_by_role("button", name="Later")
    expect(later).to_be_disabled()
    page.get_by_role("button", name="Earlier").click()
    says(page, "from=.*")
    assert length(page) == 900
    assert 440 < time.time() - int(address(page)["to"]) < 520
    page.keyboard.press("[")
    says(page, "from=.*")
    expect(later).to_be_enabled()
    for _ in range(3):
        page.keyboard.press("]")
    says(page, "from=.*", so=False)
    expect(live(page)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("-")
    says(page, "from=.*")
    assert length(page) == 1800


def test_the_past_is_shown_in_words_the_verdict_is_of_then_and_now_is_one_press_away(
    open_page: OpenPage, watched: Watched
) -> None:
    visit = overview(open_page, watched)
    page = visit.page
    until = int(time.time()) - 86_400
    with page.expect_request(re.compile(rf"/verdict\?at={until}$")):
        page.goto(f"{watched.url}?from={until - 3600}&to={until}")
    strip = page.get_by_role("status").filter(has_text="Looking back:")
    expect(strip).to_contain_text(re.compile(r"\d+ \w+ \d\d:\d\d to .*\d\d:\d\d \(60 min\)"))
    expect(strip).to_contain_text(re.compile(r"as of .*, 24 h ago\."))
    expect(page.locator("[data-level=unknown]")).to_contain_text("Cannot tell", timeout=PASS)
    page.get_by_role("button", name="Back to now").click()
    expect(strip).to_have_count(0)
    says(page, "from=.*", so=False)


def test_what_is_compared_with_is_asked_for_and_kept_from_page_to_page(open_page: OpenPage, watched: Watched) -> None:
    page = overview(open_page, watched).page
    with page.expect_request(re.compile(r"/vitals\?.*compare=week")):
        page.get_by_role("combobox", name="Compare with").select_option("a week earlier")
    says(page, "compare=week")
    page.keyboard.press("g")
    page.keyboard.press("f")
    says(page, "compare=week")
    page.go_back()
    page.go_back()
    expect(page.get_by_role("combobox", name="Compare with")).to_have_value("previous")


def found(page: Page, typed: str, words: str) -> Locator:
    """What is found for this, typed again until the first reading of its kind is there."""
    box = page.get_by_role("dialog", name="Search").get_by_role("combobox")
    until = time.monotonic() + 2 * PASS / 1000
    while time.monotonic() < until and option(page, words).count() == 0:
        box.fill("")
        box.fill(typed)
        page.wait_for_timeout(1500)
    expect(option(page, words)).to_have_count(1)
    return option(page, words)


@pytest.mark.slow(reason="tables and indexes are found when they were visited, once a minute")
def test_search_finds_pages_statements_tables_indexes_and_settings(open_page: OpenPage, watched: Watched) -> None:
    visit = overview(open_page, watched)
    page = visit.page
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Search").get_by_role("combobox")).to_be_focused()
    expect(found(page, "orders_07", "from orders_07 where id")).to_contain_text("calls")
    expect(found(page, "orders_07", "public.orders_07_pkey")).to_contain_text("on orders_07")
    expect(option(page, "table").filter(has_text=re.compile("public.orders_07 "))).to_contain_text("row")
    expect(found(page, "shared_buffers", "shared_buffers")).to_contain_text("× 8kB")
    expect(option(page, "orders")).to_have_count(0)
    page.get_by_role("dialog", name="Search").get_by_role("combobox").fill("fleet")
    page.keyboard.press("Enter")
    expect(page).to_have_title("Fleet · pgvigil")
    assert visit.complaints == []


def test_choosing_a_statement_goes_to_its_page_and_a_setting_is_copied(open_page: OpenPage, watched: Watched) -> None:
    visit = overview(open_page, watched, "?range=15m")
    page = visit.page
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.keyboard.press("/")
    page.keyboard.type("work_mem")
    expect(option(page, "work_mem").first).to_be_visible(timeout=PASS)
    page.get_by_role("option").filter(has_text=re.compile(r"^work_mem")).click()
    expect(page.get_by_role("status").filter(has_text="Copied work_mem")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "work_mem"
    page.get_by_role("dialog", name="Search").get_by_role("combobox").fill("count generate_series")
    expect(option(page, "generate_series")).to_have_count(1, timeout=PASS)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/queries/-?\d+/\d+/\d+/\d+\?range=15m$"))


def test_search_says_what_it_does_when_nothing_is_found_or_the_api_fails(open_page: OpenPage, watched: Watched) -> None:
    visit = overview(open_page, watched)
    page = visit.page
    page.keyboard.press("/")
    dialogue = page.get_by_role("dialog", name="Search")
    expect(dialogue).to_contain_text("Enter copies the name")
    page.keyboard.type("%_'\"\\ no such thing")
    expect(dialogue).to_contain_text("Nothing holds all of these words.", timeout=PASS)
    assert visit.complaints == []
    visit.context.route("**/search?*", busy)
    dialogue.get_by_role("combobox").fill("orders")
    expect(dialogue.get_by_role("alert")).to_contain_text("The store is busy.")
    visit.context.unroute_all(behavior="wait")
    expect(dialogue.get_by_role("alert")).to_have_count(0, timeout=PASS)
    expect(found(page, "orders_07", "from orders_07 where id")).to_be_visible()


def busy(route: Route) -> None:
    route.fulfill(
        status=503,
        json={"error": "busy", "message": "The store is busy.", "remedy": "It is tried again.", "field": None},
    )


def test_a_store_that_is_busy_is_told_and_the_page_comes_back_by_itself(open_page: OpenPage, watched: Watched) -> None:
    visit = open_page("about:blank")
    visit.context.route("**/api/v1/targets/*/**", busy)
    page = visit.page
    page.goto(watched.url)
    for name in ("Database load", "Statements by load"):
        alert = page.get_by_role("region", name=name).get_by_role("alert")
        expect(alert).to_contain_text("The store is busy.", timeout=PASS)
        expect(alert).to_contain_text(re.compile(r"Next try in|Trying again"))
    visit.context.unroute_all(behavior="wait")
    settled(page, f"{watched.name} · Overview · pgvigil")
    expect(page.get_by_role("alert")).to_have_count(0, timeout=2 * PASS)


def test_an_api_that_is_gone_when_the_page_is_opened_is_told_and_comes_back_by_itself(
    open_page: OpenPage, watched: Watched
) -> None:
    visit = open_page("about:blank")
    visit.context.route("**/api/**", lambda route: route.abort())
    page = visit.page
    page.goto(watched.url)
    expect(page.get_by_role("alert")).to_contain_text("pgvigil does not answer.")
    assert visit.violations() == []
    visit.context.unroute_all(behavior="wait")
    settled(page, f"{watched.name} · Overview · pgvigil")
    expect(page.get_by_role("alert")).to_have_count(0, timeout=2 * PASS)


@pytest.mark.parametrize(("theme", "width"), [("dark", 1440), ("light", PHONE)])
def test_where_no_server_is_watched_the_page_says_how_to_begin(
    open_page: OpenPage, watched: Watched, theme: str, width: int
) -> None:
    def none(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "targets": []})

    visit = open_page("about:blank", width=width, theme=theme)
    visit.context.route("**/api/v1/targets", none)
    page = visit.page
    page.goto(watched.root)
    empty = page.get_by_role("region", name="No server is watched yet")
    expect(empty).to_contain_text("pgvigil serve postgresql://")
    expect(empty.get_by_role("button", name="Copy the command")).to_be_visible()
    assert visit.violations() == []
    assert visit.complaints == []
    visit.context.unroute_all(behavior="wait")


def test_many_servers_are_filtered_by_typing_and_come_the_worst_first(open_page: OpenPage, watched: Watched) -> None:
    def many(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        one = told["targets"][0]
        down = {**one["state"], "condition": "unreachable"}
        more = [{**one, "name": f"tenant-{n:02}", **({"state": down} if n == 9 else {})} for n in range(12)]
        route.fulfill(response=answer, json={**told, "targets": [*told["targets"], *more]})

    visit = open_page("about:blank")
    visit.context.route("**/api/v1/targets", many)
    page = visit.page
    page.goto(watched.url)
    page.get_by_role("button", name="Server:").click()
    expect(page.get_by_role("textbox", name="Part of a server's name")).to_be_focused()
    listed = page.locator("header li")
    expect(listed).to_have_count(15)
    expect(listed.nth(0)).to_contain_text("All servers")
    expect(listed.nth(1)).to_contain_text(re.compile("tenant-09.*unreachable"))
    page.keyboard.type("nant-0")
    expect(listed).to_have_count(10)
    page.keyboard.type("3")
    expect(listed).to_have_count(1)
    page.keyboard.press("Enter")
    says(page, "target=tenant-03")
    visit.context.unroute_all(behavior="wait")
