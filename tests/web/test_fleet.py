"""The fleet page over two real servers and one that does not answer."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

from fix_browser import Serving, Visit, Watched
from fix_servers import Database
from web.looking import PASS, PHONE, address, says, settled

OpenPage = Callable[..., Visit]


def lines(page: Page) -> Locator:
    return page.get_by_role("table", name="Fleet").locator("tbody tr")


def test_several_servers_are_shown_as_a_fleet_first_and_a_line_leads_to_its_overview(
    open_page: OpenPage, watched: Watched
) -> None:
    visit = open_page(f"{watched.root}?range=15m")
    page = visit.page
    settled(page, "Fleet · pgvigil")
    expect(lines(page)).to_have_count(2, timeout=PASS)
    busy = lines(page).filter(has_text=watched.name)
    expect(busy).to_contain_text(re.compile(r"\d( k)?/s"), timeout=2 * PASS)
    expect(busy).to_contain_text(re.compile(r"\d of \d+"))
    expect(busy).to_contain_text(re.compile(r"ago|just now"))
    bare = lines(page).filter(has_text=watched.bare)
    expect(bare.locator("[data-level]")).to_have_attribute("data-level", re.compile("unknown|warning|critical|info"))
    bare.click()
    expect(page).to_have_title(f"{watched.bare} · Overview · pgvigil")
    assert address(page) == {"range": "15m", "target": watched.bare}
    page.get_by_role("link", name="pgvigil: to the first page").click()
    expect(page).to_have_title("Fleet · pgvigil")
    assert visit.complaints == []


def test_a_chosen_server_is_shown_first_and_an_address_that_names_it_leads_to_it(
    open_page: OpenPage, watched: Watched
) -> None:
    page = open_page(f"{watched.root}?target={watched.bare}").page
    expect(page).to_have_title(f"{watched.bare} · Overview · pgvigil")
    page.get_by_role("button", name="Server:").click()
    page.get_by_role("button", name="All servers").click()
    expect(page).to_have_title("Fleet · pgvigil")
    says(page, f"target={watched.bare}")


def test_one_server_alone_needs_no_fleet(
    database: Database, serve: Callable[..., Serving], open_page: OpenPage
) -> None:
    page = open_page(serve(database.dsn()).url).page
    expect(page).to_have_title(f"{database.name} · Overview · pgvigil", timeout=PASS)
    pages = page.get_by_role("navigation", name="Pages").get_by_role("link")
    expect(pages.filter(has_text="Overview")).to_have_count(1)
    expect(pages.filter(has_text="Fleet")).to_have_count(0)


def test_the_worst_comes_first_with_its_sentence_and_since_when(
    open_page: OpenPage, watched: Watched, tmp_path: Path
) -> None:
    def with_trouble(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        route.fulfill(response=answer, json={**told, "lines": [away(told["lines"][0]), *told["lines"]]})

    def away(line: dict[str, Any]) -> dict[str, Any]:
        told = {
            "level": "down",
            "subjects": [],
            "unknown": [],
            "cause": "Nothing listens at h:1.",
            "remedy": "Start it.",
        }
        unknown = [{**vital, "value": None, "spark": None, "reason": "nothing was read"} for vital in line["vitals"]]
        return {
            **line,
            "name": "away",
            "condition": "unreachable",
            "version": None,
            "role": None,
            "since": line["verdict"]["at"] - 300,
            "last_reading": None,
            "verdict": {**line["verdict"], **told},
            "vitals": unknown,
        }

    for width in (1440, PHONE):
        visit = open_page("about:blank", width=width)
        visit.context.route("**/api/v1/fleet?*", with_trouble)
        page = visit.page
        page.goto(f"{watched.root}fleet")
        first = lines(page).first
        expect(first).to_contain_text("away does not answer.", timeout=PASS)
        expect(first).to_contain_text(re.compile(r"For 5 min\. Nothing listens at h:1\."))
        expect(first).to_contain_text("not reached yet")
        assert not re.search(r"\b0\b", first.inner_text())
        expect(page.get_by_role("region", name="Fleet")).to_contain_text("3 servers")
        assert visit.violations() == []
        visit.context.unroute_all(behavior="wait")


def test_a_fleet_of_the_past_is_judged_then(open_page: OpenPage, watched: Watched) -> None:
    page = open_page(f"{watched.root}fleet?from=1600000000&to=1600003600").page
    expect(page.get_by_text("Looking back:")).to_be_visible()
    expect(lines(page)).to_have_count(2, timeout=PASS)
    for line in lines(page).all():
        expect(line.locator("[data-level]")).to_have_attribute("data-level", "unknown")


def test_the_numbers_stand_beside_those_of_the_span_that_is_chosen(open_page: OpenPage, watched: Watched) -> None:
    def doubled(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        for line in told["lines"]:
            line["vitals"][0] |= {"value": 3.0, "previous": 1.0, "change": 3.0}
        route.fulfill(response=answer, json=told)

    visit = open_page("about:blank")
    visit.context.route("**/api/v1/fleet?*", doubled)
    page = visit.page
    page.goto(f"{watched.root}fleet?range=15m")
    expect(lines(page).first).to_contain_text("▲ 3×", timeout=PASS)
    with page.expect_request(re.compile(r"/fleet\?.*compare=week")):
        page.get_by_role("combobox", name="Compare with").select_option("a week earlier")
    expect(lines(page).first.locator(".beside.bad")).to_have_attribute("title", re.compile("^a week earlier: 1"))
    assert visit.complaints == []
    visit.context.unroute_all(behavior="wait")
