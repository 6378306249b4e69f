"""The page of the load in slices, on a server under load."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, Route, expect

from fix_browser import Visit, Watched
from pgvigil.catalog import load
from pgvigil.catalog.panels import load_panels
from pgvigil.catalog.waits import load_waits

OpenPage = Callable[..., Visit]

PANELS = load_panels(load())
WAITS = load_waits()
PASS = 30_000


def top(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title, exact=True)


def loaded(open_page: OpenPage, watched: Watched, search: str = "") -> Visit:
    """The page, once sessions that wait for a lock were seen."""
    visit = open_page(f"{watched.root}load?range=15m&target={watched.name}{search}")
    line = top(visit.page, "Wait events").get_by_role("button", name="Lock: transactionid")
    expect(line).to_be_visible(timeout=2 * PASS)
    return visit


def chart(page: Page) -> Locator:
    return page.get_by_role("group", name="Sessions, on average")


def test_pressing_a_wait_shows_whose_it_is_and_the_address_says_so(open_page: OpenPage, watched: Watched) -> None:
    visit = loaded(open_page, watched)
    page = visit.page
    expect(chart(page)).to_have_attribute("aria-label", re.compile(r"Lock \d"))
    for title in ("Wait classes", "Statements", "Users", "Applications", "Databases", "Clients"):
        expect(top(page, title).locator("tbody tr").first).to_be_visible()
    expect(top(page, "States")).to_have_count(0)
    top(page, "Wait events").get_by_role("button", name="Lock: transactionid").click()
    expect(page).to_have_url(re.compile(r"event=Lock%3Atransactionid"))
    expect(top(page, "Wait events").locator("tbody tr")).to_have_count(1, timeout=PASS)
    expect(top(page, "Statements").locator("tbody tr").first).to_contain_text("update orders_00", timeout=PASS)
    expect(page.locator(".explained")).to_contain_text(WAITS["Lock", "transactionid"].means)
    expect(top(page, "Databases").locator("tbody tr").first).to_contain_text(watched.name)
    top(page, "Statements").get_by_role("link", name="Statement →").first.click()
    expect(page.get_by_role("table", name="Statements", exact=True).locator("tbody tr").first).to_contain_text(
        "update orders_00", timeout=PASS
    )
    page.get_by_role("table", name="Statements", exact=True).locator("tbody tr").first.get_by_role("link").click()
    page.get_by_role("link", name="Look at its load").click()
    expect(page.get_by_role("button", name="statement = update orders_00")).to_be_visible(timeout=PASS)
    expect(top(page, "Wait events").get_by_role("button", name="Lock: transactionid")).to_be_visible(timeout=PASS)
    for _ in range(3):
        page.go_back()
    page.get_by_role("button", name="wait event = Lock: transactionid").click()
    expect(page).not_to_have_url(re.compile("event="))
    expect(top(page, "Wait events").locator("tbody tr").nth(1)).to_be_visible(timeout=PASS)
    top(page, "Wait classes").get_by_role("button", name="CPU").click()
    expect(page.locator(".explained")).to_contain_text("running, or ready to run")
    assert visit.complaints == []


def test_the_load_is_sliced_by_what_is_chosen_and_idle_sessions_can_be_seen(
    open_page: OpenPage, watched: Watched
) -> None:
    page = loaded(open_page, watched).page
    page.get_by_label("Slice by").select_option("application")
    expect(page).to_have_url(re.compile(r"by=application"))
    page.get_by_label("Slice by").select_option("statement")
    expect(chart(page)).to_have_attribute("aria-label", re.compile(r"update orders_00"), timeout=PASS)
    page.get_by_role("button", name=re.compile("state = active")).click()
    expect(page).to_have_url(re.compile(r"state=any"))
    states = top(page, "States").locator("tbody tr")
    expect(states.filter(has_text="idle in transaction")).to_have_count(1, timeout=PASS)
    states.filter(has_text="idle in transaction").get_by_role("button").click()
    expect(page).to_have_url(re.compile(r"state=idle"))
    expect(top(page, "Wait events").locator("tbody tr").first).to_contain_text("Client: ClientRead", timeout=PASS)


def test_both_panels_explain_themselves_and_give_their_rows(open_page: OpenPage, watched: Watched) -> None:
    page = loaded(open_page, watched).page
    for button, panel in (("About Sessions", "load_slices"), ("About Wait events", "load_tops")):
        page.get_by_role("button", name=button, exact=True).first.click()
        expect(page.get_by_role("dialog")).to_contain_text(PANELS[panel].computed)
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Use Sessions").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save as CSV").click()
    rows = list(csv.reader(io.StringIO(Path(waiting.value.path()).read_text())))
    assert rows[0][0] == "until (UTC)"
    assert "Lock (sessions)" in rows[0]
    lock = rows[0].index("Lock (sessions)")
    assert sum(float(row[lock] or 0) for row in rows[1:]) > 0
    events = top(page, "Wait events")
    events.get_by_role("button", name="Use Wait events").click()
    with page.expect_download() as waiting:
        events.get_by_role("button", name="Save as CSV").click()
    rows = list(csv.reader(io.StringIO(Path(waiting.value.path()).read_text())))
    assert rows[0] == ["wait event", "share", "load (sessions)"]
    assert sum(float(row[1]) for row in rows[1:]) > 0.999


def test_filters_that_nothing_fits_say_so_and_hostile_names_are_texts(open_page: OpenPage, watched: Watched) -> None:
    visit = open_page(f"{watched.root}load?range=15m&target={watched.name}&user=nobody")
    expect(visit.page.get_by_text("No session of this span fits the filters.")).to_be_visible(timeout=PASS)
    visit = open_page("about:blank")

    def hostile(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        for each in told["tops"]:
            for one in each["slices"]:
                if each["dimension"] == "application" and one["name"] is not None:
                    one["name"] = "<img src=x onerror=alert(1)>"
        route.fulfill(response=answer, json=told)

    visit.context.route("**/load?*by=*", hostile)
    visit.page.on("dialog", lambda dialog: visit.complaints.append(dialog.message))
    visit.page.goto(f"{watched.root}load?range=15m&target={watched.name}")
    expect(top(visit.page, "Applications")).to_contain_text("<img src=x", timeout=PASS)
    assert visit.complaints == []
    visit.context.unroute_all(behavior="wait")
