"""The pages of locks and of sessions, on a server where one session keeps another from going on again and again."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from entangled import EXPECTED, SETTINGS, WAITERS, Scene, all_shapes, scene
from fix_browser import Serving, Visit, Watched
from fix_servers import start_prepared
from pgvigil.catalog import load
from pgvigil.catalog.panels import load_panels

OpenPage = Callable[..., Visit]
PANELS = load_panels(load())
PASS = 30_000


@pytest.fixture(scope="module")
def tangled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Serving, Scene]]:
    """A page that watches a server with six trees of sessions that wait, and stay so."""
    server = start_prepared(18, SETTINGS)
    try:
        with scene(server) as made:
            all_shapes(made)
            serving = Serving([server.dsn()], tmp_path_factory.mktemp("tangled"))
            try:
                yield serving, made
            finally:
                serving.stop()
    finally:
        server.remove()


def line(page: Page, name: str) -> Locator:
    """Of the tree."""
    return page.get_by_role("treeitem").filter(has=page.get_by_text(name, exact=True))


def tree(page: Page) -> list[str]:
    """The names in the tree, once the largest is there."""
    expect(line(page, "star:hub")).to_be_visible(timeout=PASS)
    named: list[str] = page.get_by_role("treeitem").evaluate_all(
        """(lines) => lines.map((line) =>
            line.querySelector("button, :scope > b")?.textContent ?? "prepared transaction")"""
    )
    return named


def test_the_tree_names_every_head_and_what_ends_it(open_page: OpenPage, tangled: tuple[Serving, Scene]) -> None:
    serving, made = tangled
    visit = open_page(f"{serving.url}locks?range=15m")
    page = visit.page
    lines = tree(page)
    assert lines[:4] == ["star:hub", "star:1", "star:2", "48 more like it"]
    assert lines[4:9] == [f"chain:{number}" for number in range(1, 6)]
    assert lines[9:12] == ["soft:reader", "soft:changer", "soft:next reader"]
    assert set(lines[12:]) == {
        "advisory:holder", "advisory:waiter", "idle:root", "idle:waiter", "prepared transaction", "prepared:waiter",
    }  # fmt: skip
    hub = line(page, "star:hub")
    expect(hub).to_contain_text("idle in transaction for")
    expect(hub).to_contain_text("50 sessions behind")
    ((pid,),) = made.owner.execute("select pid from pg_stat_activity where application_name = 'star:hub'").fetchall()
    expect(page.locator("#lock_tree .advice")).to_contain_text(f"SELECT pg_terminate_backend({pid});")
    expect(line(page, "soft:next reader")).to_contain_text("queued behind the one above")
    expect(line(page, "chain:5")).to_contain_text("a row of public.chain", timeout=2 * PASS)
    assert line(page, "chain:5").get_attribute("aria-level") == "5"
    page.get_by_role("button", name="48 more like it").click()
    expect(line(page, "star:50")).to_be_visible()
    assert visit.complaints == []
    assert visit.violations() == []


def test_an_incident_leads_to_its_tree_and_the_knob_to_any_moment(
    open_page: OpenPage, tangled: tuple[Serving, Scene]
) -> None:
    serving, _ = tangled
    visit = open_page(f"{serving.url}locks?range=15m")
    page = visit.page
    tree(page)
    incidents = page.get_by_role("table", name="Incidents")
    expect(incidents.locator("tbody tr")).to_have_count(6, timeout=2 * PASS)
    expect(incidents).to_contain_text("prepared transaction")
    row = incidents.locator("tbody tr").filter(has_text="star:hub")
    expect(row).to_contain_text("insert into star values ($1)", timeout=PASS)
    expect(row.locator("td").nth(4)).to_have_text("50")
    row.get_by_role("button").first.click()
    expect(page).to_have_url(re.compile(r"from=\d+&to=\d+&at=[\d.]+"))
    expect(page.locator("#lock_tree")).to_contain_text(f"{WAITERS} sessions wait, at", timeout=PASS)
    assert "48 more like it" in tree(page)
    knob = page.get_by_label("Moment within the time shown")
    knob.focus()
    knob.press("Home")
    expect(page.locator("#lock_tree")).to_contain_text(
        re.compile("Nobody waited for a lock at this moment|Nobody looked at the locks at this moment"), timeout=PASS
    )
    page.get_by_role("button", name="End of span").click()
    expect(page).not_to_have_url(re.compile(r"at="))
    assert visit.complaints == []


def test_sessions_are_listed_as_they_are_and_one_tells_what_cancels_it(
    open_page: OpenPage, tangled: tuple[Serving, Scene]
) -> None:
    serving, made = tangled
    visit = open_page(f"{serving.url}sessions")
    page = visit.page
    rows = page.get_by_role("table", name="Sessions").locator("tbody tr")
    waiter = rows.filter(has_text="idle:waiter")
    expect(waiter).to_contain_text("Lock: transactionid", timeout=PASS)
    ((root,),) = made.owner.execute("select pid from pg_stat_activity where application_name = 'idle:root'").fetchall()
    expect(waiter.get_by_role("link", name=str(root))).to_be_visible()
    expect(rows.filter(has_text="advisory:holder")).to_contain_text("idle")
    page.get_by_role("searchbox", name="Search the sessions").fill("idle:")
    expect(rows).to_have_count(2, timeout=PASS)
    before = rows.filter(has_text="idle:waiter").locator("td").nth(3).inner_text()
    expect(rows.filter(has_text="idle:waiter").locator("td").nth(3)).not_to_have_text(before, timeout=PASS)
    rows.filter(has_text="idle:root").get_by_role("button").click()
    expect(page.get_by_role("region", name=f"pid {root}")).to_contain_text(f"SELECT pg_terminate_backend({root});")
    expect(page).to_have_url(re.compile(rf"pid={root}"))
    page.get_by_role("button", name="Close").click()
    page.get_by_role("searchbox", name="Search the sessions").fill("")
    page.get_by_role("button", name="Server's own").click()
    expect(rows.filter(has_text="walwriter")).to_have_count(1, timeout=PASS)
    expect(rows.filter(has_text="star:")).to_have_count(0)
    page.get_by_role("button", name="Hold still").click()
    expect(page.locator("#sessions_now")).to_contain_text("as they were at")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Blocked").click()
    waiter.get_by_role("link", name=str(root)).click()
    expect(page).to_have_url(re.compile("/locks"))
    assert visit.complaints == []


def test_both_pages_keep_the_rules_of_accessibility_and_fit_a_phone(
    open_page: OpenPage, tangled: tuple[Serving, Scene]
) -> None:
    serving, _ = tangled
    for path, theme in (("locks", "light"), ("sessions", "dark"), ("sessions", "light")):
        visit = open_page(f"{serving.url}{path}", width=390, height=844, theme=theme)
        page = visit.page
        where = line(page, "star:hub") if path == "locks" else page.get_by_text("star:1").first
        expect(where).to_be_visible(timeout=PASS)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert visit.violations() == []


def test_what_is_shown_of_locks_and_sessions_is_saved_with_all_its_rows(
    open_page: OpenPage, tangled: tuple[Serving, Scene]
) -> None:
    serving, _ = tangled
    page = open_page(f"{serving.url}locks?range=15m").page
    tree(page)
    page.get_by_role("button", name=f"Use {PANELS['lock_tree'].title}").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    assert len(rows) == WAITERS + len(EXPECTED)
    assert {row["application"] for row in rows if row["depth"] == "4"} == {"chain:5"}
    visit = open_page(f"{serving.url}sessions?show=blocked")
    expect(visit.page.get_by_text("star:1").first).to_be_visible(timeout=PASS)
    visit.page.get_by_role("button", name=f"About {PANELS['sessions_now'].title}").click()
    expect(visit.page.get_by_role("dialog")).to_contain_text(PANELS["sessions_now"].computed)


def test_nobody_waits_is_said_so(open_page: OpenPage, watched: Watched) -> None:
    page = open_page(f"{watched.root}locks?target={watched.bare}").page
    # Both targets are databases of one server, where a row is waited for most of the time.
    expect(page.locator("#lock_tree")).to_contain_text(
        re.compile("Nobody waits for a lock|session waits, now"), timeout=PASS
    )
