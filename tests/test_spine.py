"""The main job, from a real server to the API: what was done there is seen here, and survives a kill."""

from typing import Any

import httpx
import pytest

from fix_monitor import MakeMonitor, Monitor
from fix_servers import MONITOR, Database

WORK = "select count(*) from generate_series(1, 2000) as counted(n)"
CALLS = 40


def statement(running: Monitor) -> "dict[str, object] | None":
    """The statement of this test, as the API tells it."""
    name = running.get("/api/v1/targets")["targets"][0]["name"]
    rows = running.get(f"/api/v1/targets/{name}/statements", limit=500)["rows"]
    return next((row for row in rows if "counted" in (row["text"] or "")), None)


def work(database: Database) -> None:
    with database.connect() as connection:
        for _ in range(CALLS):
            connection.execute(WORK)


def watched(running: Monitor) -> bool:
    """Whether two readings of the statements were kept, so that what is done from now on shows."""
    probes = {probe["probe"]: probe for probe in running.get("/api/v1/targets")["targets"][0]["probes"]}
    return bool(probes["statements"]["outcome"] == "ok")


@pytest.mark.slow(reason="waits for five readings, and one comes every ten seconds")
@pytest.mark.pg(14, 18)
def test_what_a_server_does_is_seen_counted_and_kept(monitor: MakeMonitor, database: Database) -> None:
    running = monitor(database.dsn(MONITOR))
    running.wait_for("a first reading", lambda: watched(running))
    work(database)
    found = running.wait_for("the statement", lambda: statement(running))
    assert found["calls"] == CALLS
    assert "$1" in str(found["text"])
    assert "2000" not in str(found["text"])

    running.kill()
    running.start_again()
    running.wait_for("a reading after the kill", lambda: watched(running))
    work(database)
    running.wait_for("both rounds", lambda: (statement(running) or {}).get("calls") == 2 * CALLS)
    assert running.stop() == 0
    assert "Traceback" not in running.log.read_text(), running.log.read_text()


def test_load_vitals_and_the_page_answer(monitor: MakeMonitor, database: Database) -> None:
    running = monitor(database.dsn(MONITOR))
    name = running.get("/api/v1/targets")["targets"][0]["name"]

    def sampled() -> bool:
        series = running.get(f"/api/v1/targets/{name}/panels/load")["series"]
        return any(value is not None for value in series[0]["values"])

    running.wait_for("a sample", sampled)

    def vitals() -> "dict[str, dict[str, Any]]":
        return {vital["key"]: vital for vital in running.get(f"/api/v1/targets/{name}/vitals")["vitals"]}

    assert vitals()["connections"]["limit"] == 97
    running.wait_for("what watching costs", lambda: vitals()["cost"]["value"])
    assert 0 < vitals()["cost"]["value"] < 0.5
    page = httpx.get(running.url, trust_env=False)
    assert "<title>" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_only_this_machine_may_ask(monitor: MakeMonitor) -> None:
    running = monitor("postgresql://127.0.0.1:1/x")
    for headers in ({"host": "evil.example"}, {"origin": "http://evil.example"}):
        answer = httpx.get(f"{running.url}/api/v1/targets", headers=headers, trust_env=False)
        assert answer.status_code == 403
        assert answer.json()["error"] == "forbidden"


def test_a_wrong_parameter_is_named(monitor: MakeMonitor) -> None:
    running = monitor("postgresql://127.0.0.1:1/x")

    def problem(path: str) -> "dict[str, str]":
        answer = httpx.get(f"{running.url}{path}", trust_env=False)
        assert 400 <= answer.status_code < 500
        return dict(answer.json())

    assert problem("/api/v1/targets/nobody/panels/load")["error"] == "not_found"
    assert problem("/api/v1/targets/x/panels/load?from=5&to=4")["field"] == "to"
    assert problem("/api/v1/targets/x/panels/load?from=99999999999")["field"] == "from"
    assert problem("/api/v1/targets/x/statements?sort=beauty")["field"] == "sort"
    assert problem("/api/v1/nothing")["error"] == "not_found"


def test_a_server_that_is_down_is_named_and_the_rest_goes_on(monitor: MakeMonitor, database: Database) -> None:
    running = monitor("postgresql://u@127.0.0.1:1/gone", database.dsn(MONITOR))

    def states() -> "dict[str, str]":
        return {it["name"]: it["state"]["condition"] for it in running.get("/api/v1/targets")["targets"]}

    running.wait_for("both conditions", lambda: set(states().values()) >= {"unreachable", "watching"}, 30)
    down = next(it for it in running.get("/api/v1/targets")["targets"] if it["name"] == "gone")
    assert down["state"]["cause"]
    assert down["state"]["remedy"]
