"""What the page says when the server that is watched goes away, lets nobody in, or is another than before."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from fix_browser import Serving, Visit
from fix_house import slowed_by
from fix_monitor import Monitor
from fix_servers import MONITOR, Database, SharedServers, drop_database, new_database, start_prepared
from pgvigil.sandbox.proxy import Proxy
from pgvigil.sandbox.server import Server
from pgvigil.store import open_store
from serve.filled import CATALOG, SECOND, batch, statement
from troubles import (
    FEW,
    ONLY_IPV6,
    catalogs_held,
    create_old_extension,
    every_place_taken,
    write_config,
)

TOLD = 5.0
"""Seconds, on a machine that does nothing else, until a cause stands on the page."""


@pytest.mark.slow(reason="a server is started, stopped and started again, and pgvigil connects with back-off")
def test_a_server_that_stops_is_named_with_its_cause_and_comes_back(
    private_server: Callable[..., Server], serve: Callable[..., Serving], open_page: Callable[..., Visit]
) -> None:
    server = private_server()
    page = open_page(serve(server.dsn()).url).page
    line = page.locator(".state")
    expect(line).to_have_attribute("data-tone", "ok", timeout=30_000)
    server.stop("fast")
    expect(line).to_have_attribute("data-tone", "bad", timeout=1000 * TOLD * slowed_by())
    expect(line).to_have_text(re.compile(r"does not answer\..+\w"))
    expect(line).to_contain_text(f"Nothing listens at {server.host}:{server.port}.")
    expect(line.locator(".remedy")).to_contain_text("Check that the server runs")
    server.start()
    # Where the verdict has something to tell by then, it stands in the line's place.
    expect(page.locator(".state[data-tone=bad]")).to_have_count(0, timeout=45_000)


TROUBLES = {
    "password": ("refuses pgvigil.", "refused the password of user", "Check the user and the password"),
    "silent": ("does not answer.", "accepted the connection and then said nothing", "is not frozen"),
    "six": ("does not answer.", "", "Use the address of the provider's pooler"),
    "full": ("refuses pgvigil.", "All connections of", "end idle ones"),
    "bare": ("but not all of it.", "pg_stat_statements is not installed", "CREATE EXTENSION pg_stat_statements"),
    "old": ("but not all of it.", "pg_stat_statements is at version", "ALTER EXTENSION pg_stat_statements UPDATE"),
    "locked": ("", "is locked", "pg_locks"),
}
"""By target what the page's line begins with, and words of the cause and of what to do."""


@pytest.fixture(scope="module")
def troubled(shared_servers: SharedServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitor]:
    """One `pgvigil serve` that watches a target in each of TROUBLES."""
    with ExitStack() as stack:
        sound = shared_servers[18]
        full, locked = start_prepared(18, FEW), start_prepared(18)
        for server in (full, locked):
            stack.callback(server.remove)
        hop = stack.enter_context(Proxy(sound.port))
        hop.stall()
        bare, old = new_database(sound), new_database(sound)
        for database in (bare, old):
            stack.callback(drop_database, database)
            database.execute("drop extension pg_stat_statements")
        create_old_extension(old)
        dsns = {
            "password": sound.dsn(MONITOR, password="another"),
            "silent": sound.dsn(MONITOR, port=hop.port),
            "six": ONLY_IPV6,
            "full": full.dsn(MONITOR),
            "bare": bare.dsn(MONITOR),
            "old": old.dsn(MONITOR),
            "locked": locked.dsn(MONITOR),
        }
        stack.enter_context(every_place_taken(full))
        place = tmp_path_factory.mktemp("troubled")
        running = Monitor(place, (), "--config", str(write_config(place, dsns)))
        stack.callback(running.stop)
        running.wait_for("the first data", lambda: state(running, "locked")["condition"] == "watching")
        stack.enter_context(catalogs_held(locked, "pg_class", "pg_proc", "pg_authid", "pg_database"))
        yield running


def state(running: Monitor, name: str) -> dict[str, Any]:
    targets = running.get("/api/v1/targets")["targets"]
    return next(dict(target["state"]) for target in targets if target["name"] == name)


@pytest.mark.parametrize("name", TROUBLES)
def test_the_page_names_a_cause_and_what_to_do_in_the_words_of_the_api(
    troubled: Monitor, open_page: Callable[..., Visit], name: str
) -> None:
    head, words, remedy = TROUBLES[name]
    visit = open_page(f"{troubled.url}/?target={name}")
    line = visit.page.locator(".state")
    for each in (head, words):
        expect(line).to_contain_text(each, timeout=1000 * TOLD * slowed_by())
    expect(line.locator(".remedy")).to_contain_text(remedy)
    told = state(troubled, name)
    assert words in told["cause"]
    expect(line).to_contain_text(told["cause"])
    expect(line).to_contain_text(told["remedy"])
    assert visit.complaints == []


def test_what_we_add_to_a_log_that_takes_every_statement_is_said_with_what_stops_it(
    private_server: Callable[..., Server], serve: Callable[..., Serving], open_page: Callable[..., Visit]
) -> None:
    server = private_server(settings={"log_min_duration_statement": "0"})
    page = open_page(serve(server.dsn(MONITOR)).url).page
    told = page.get_by_role("region", name="In the server's log")
    expect(told).to_contain_text("log_min_duration_statement = 0", timeout=30_000)
    expect(told).to_contain_text("MB a day")
    expect(told.locator("pre")).to_contain_text("SET log_min_duration_statement = -1;")
    expect(told.get_by_role("button", name="Copy the SQL")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_what_is_asked_less_often_is_said_with_its_reason_and_only_that(
    database: Database, serve: Callable[..., Serving], open_page: Callable[..., Visit], width: int
) -> None:
    dear = "statements"
    reason = "Takes 31.4 ms of server time, so it is asked every 20 s instead of every 10 s: all probes together may."
    told = [{"probe": dear, "every": 20.0, "usual": 10.0, "reason": reason}]

    def of_a_dear_probe(route: Route) -> None:
        answer = route.fetch()
        answered = answer.json()
        for target in answered["targets"]:
            assert target["stretched"] == []
            target["stretched"] = told
        route.fulfill(response=answer, json=answered)

    url = serve(database.dsn()).url
    usual = open_page(url).page
    expect(usual.locator(".state")).to_contain_text("sessions every second", timeout=30_000)
    expect(usual.get_by_role("region", name="Asked less often")).to_have_count(0)
    visit = open_page("about:blank", width=width)
    # Until the governor has stretched anything a minute goes by.
    visit.context.route("**/api/v1/targets", of_a_dear_probe)
    visit.page.goto(url)
    panel = visit.page.get_by_role("region", name="Asked less often")
    expect(panel).to_contain_text(f"{dear} {reason}", timeout=30_000)
    assert visit.page.evaluate("document.documentElement.scrollWidth") == width
    assert visit.violations() == []


def test_a_statement_that_ran_before_and_after_a_failover_has_a_row_and_a_page_for_each(
    tmp_path: Path, database: Database, serve: Callable[..., Serving], open_page: Callable[..., Visit]
) -> None:
    calls = {8: 7, 9: 3}  # by incarnation, neither of which is the server's that is watched
    with closing(open_store(f"duckdb://{tmp_path}/pgvigil.db", None, CATALOG)) as store:
        store.target_id(database.name, None, {})
        for incarnation, counted in calls.items():
            at = int(time.time() - 300 + 10 * incarnation) * SECOND
            told = [
                batch("statements", [{**statement(5), "calls": counted, "total_exec_time": 9e5 / incarnation}]),
                batch("queries", [{"queryid": 5, "text": "SELECT twice"}], secs=None),
                batch("role_names", [{"userid": 10, "name": "app"}], secs=None),
            ]
            store.append([replace(it, ts=at, pass_no=incarnation, incarnation=incarnation) for it in told])
    visit = open_page(serve(database.dsn()).url)
    page = visit.page
    rows = page.get_by_role("table", name="Statements").locator("tbody tr").filter(has_text="SELECT twice")
    expect(rows).to_have_count(2, timeout=30_000)
    for nth, counted in enumerate(calls.values()):
        rows.nth(nth).click()
        needs = page.get_by_role("region", name="What it needs")
        expect(needs).to_contain_text(f"{counted} executions ended", timeout=30_000)
        page.go_back()
        expect(rows).to_have_count(2, timeout=30_000)
    page.keyboard.press("/")
    page.keyboard.type("twice")
    expect(page.get_by_role("option").filter(has_text="SELECT twice")).to_have_count(2)
    assert visit.complaints == []


def test_a_pass_that_the_stream_tells_of_is_fresher_than_the_list_of_servers(
    database: Database, serve: Callable[..., Serving], open_page: Callable[..., Visit]
) -> None:
    def well(route: Route) -> None:
        """What other tests did to this server is no matter here."""
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "level": "well", "subjects": []})

    def of_a_minute_ago(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        for target in told["targets"]:
            target["last_pass"] = told["now"] - 60
        route.fulfill(response=answer, json=told)

    visit = open_page("about:blank")
    # The list is asked for every half minute only.
    visit.context.route("**/api/v1/targets", of_a_minute_ago)
    visit.context.route("**/verdict*", well)
    visit.page.goto(serve(database.dsn()).url)
    line = visit.page.locator(".state")
    expect(line).to_have_attribute("data-tone", "ok", timeout=30_000)
    expect(line).to_contain_text(f"Watching {database.name}")
    # One that is under way when the tab is closed would be an error of the test's.
    visit.context.unroute_all(behavior="wait")
