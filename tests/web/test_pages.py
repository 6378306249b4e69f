"""Every page there is, as the navigation lists them: accessible, quiet, without a jump, and as wide as the screen."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from fix_browser import Visit, Watched
from web.looking import PASS, PHONE, SMALLEST, settled, shift

OpenPage = Callable[..., Visit]


def titles(page: Page) -> dict[str, str]:
    """The pages of the navigation by their addresses, each with its title."""
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    expect(links.filter(has_text="Fleet")).to_be_visible(timeout=PASS)
    return {urljoin(page.url, link.get_attribute("href") or ""): link.inner_text() for link in links.all()}


@pytest.fixture(scope="module")
def known(watched: Watched) -> Watched:
    """The served page, once there are numbers: while a server's first ones come, panels grow."""
    until = time.monotonic() + 4 * PASS / 1000
    while not has_numbers(watched):
        assert time.monotonic() < until, "no numbers yet"
        time.sleep(1)
    return watched


def has_numbers(watched: Watched) -> bool:
    def told(what: str) -> Any:
        address = f"{watched.root}api/v1/targets/{watched.name}/{what}"
        return httpx.get(address, trust_env=False, timeout=30).raise_for_status().json()

    vitals = [vital for vital in told("vitals")["vitals"] if vital["not_visible"] is None]
    return bool(told("statements")["total"] >= 5 and all(vital["value"] is not None for vital in vitals))


def title_of(name: str, watched: Watched) -> str:
    return f"{name} · pgvigil" if name == "Fleet" else f"{watched.name} · {name} · pgvigil"


@pytest.mark.slow(reason="every page there is lives on for some seconds, and is looked through for its accessibility")
@pytest.mark.parametrize(("theme", "width"), [("dark", 1440), ("light", 1440), ("dark", PHONE), ("light", SMALLEST)])
def test_every_page_is_accessible_quiet_still_and_no_wider_than_the_screen(
    open_page: OpenPage, known: Watched, theme: str, width: int
) -> None:
    pages = titles(open_page(known.url).page)
    assert {"Overview", "Fleet"} <= set(pages.values())
    for url, name in pages.items():
        visit = open_page("about:blank", width=width, height=900, theme=theme)
        for changing in ("verdict*", "sessions", "locks*"):
            visit.context.route(f"**/api/**/{changing}", the_same_again())
        page = visit.page
        page.goto(url)
        settled(page, title_of(name, known))
        page.wait_for_timeout(2500)  # it lives on: two beats of the clock, and a sample of the stream each second
        told = f"{name}, {theme}, {width}"
        assert visit.violations() == [], told
        assert page.evaluate("document.documentElement.scrollWidth") == width, told
        assert shift(page) < 0.02, told
        assert visit.complaints == [], told
        visit.context.unroute_all(behavior="wait")


def the_same_again() -> Callable[[Route], None]:
    """Answers as at first: under this load there is another verdict, list of sessions and tree of locks each second,
    which is no fault of the layout."""
    first: list[APIResponse] = []

    def answer(route: Route) -> None:
        if not first:
            first.append(route.fetch())
        route.fulfill(response=first[0])

    return answer


DIALOGUES = {
    "help": ("?", "Keyboard"),
    "search": ("/", "Search"),
}


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_what_opens_over_a_page_is_accessible(open_page: OpenPage, known: Watched, theme: str) -> None:
    visit = open_page(f"{known.url}?range=15m", theme=theme)
    page = visit.page
    settled(page, title_of("Overview", known))
    for key, name in DIALOGUES.values():
        page.keyboard.press(key)
        dialogue = page.get_by_role("dialog", name=name)
        expect(dialogue).to_be_visible()
        if name == "Search":
            page.keyboard.type("orders")
            expect(dialogue.get_by_role("option").filter(has_text="orders_00").first).to_be_visible(timeout=PASS)
        assert visit.violations() == [], name
        page.keyboard.press("Escape")
        expect(dialogue).to_have_count(0)
    for button in ("Server:", "Time range:"):
        page.get_by_role("button", name=button).click()
        assert visit.violations() == [], button
        page.keyboard.press("Escape")
    page.keyboard.press("[")
    expect(page.get_by_text("Looking back:")).to_be_visible()
    assert visit.violations() == []
    assert visit.complaints == []


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_sheet_of_a_phone_is_accessible(open_page: OpenPage, watched: Watched, theme: str) -> None:
    visit = open_page(watched.url, width=SMALLEST, height=700, theme=theme)
    page = visit.page
    settled(page, title_of("Overview", watched))
    page.get_by_role("button", name="Server and time range").click()
    expect(page.get_by_role("dialog", name="Server and time range")).to_be_visible()
    assert visit.violations() == []
    assert page.evaluate("document.documentElement.scrollWidth") == SMALLEST
    sheet = page.get_by_role("dialog", name="Server and time range").locator(".inside")
    assert sheet.evaluate("(it) => it.scrollWidth <= it.clientWidth")


def test_a_phone_reaches_every_page_and_the_search_by_the_bar_below(open_page: OpenPage, watched: Watched) -> None:
    page = open_page(watched.url, width=PHONE, height=844).page
    settled(page, title_of("Overview", watched))
    bar = page.get_by_role("navigation", name="Pages")
    box = bar.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] == 844
    for name in titles(page).values():
        bar.get_by_role("link", name=name).click()
        expect(page).to_have_title(title_of(name, watched))
        expect(bar.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
    bar.get_by_role("button", name="Search").click()
    expect(page.get_by_role("combobox")).to_be_focused()
