"""What the page says when the server that is watched goes away."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from fix_browser import Serving, Visit
from fix_servers import MONITOR
from pgvigil.sandbox.server import Server


@pytest.mark.slow(reason="a server is started, stopped and started again, and pgvigil connects with back-off")
def test_a_server_that_stops_is_named_with_its_cause_and_comes_back(
    private_server: Callable[..., Server], serve: Callable[..., Serving], open_page: Callable[..., Visit]
) -> None:
    server = private_server()
    page = open_page(serve(server.dsn()).url).page
    line = page.locator(".state")
    expect(line).to_have_attribute("data-tone", "ok", timeout=30_000)
    server.stop("fast")
    expect(line).to_have_attribute("data-tone", "bad", timeout=20_000)
    expect(line).to_have_text(re.compile(r"does not answer\..+\w"))
    server.start()
    expect(line).not_to_have_attribute("data-tone", "bad", timeout=45_000)


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
