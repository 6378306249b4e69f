"""Every panel over a real server of the oldest, a middle and the newest major."""

from typing import Any

import pytest

from fix_monitor import MakeMonitor
from fix_servers import MONITOR, Database
from pgvigil.catalog import load
from pgvigil.catalog.panels import load_panels

DRAWN = {name: panel.asked for name, panel in load_panels(load()).items() if panel.asked is not None}


@pytest.mark.slow(reason="waits for the second reading, which comes ten seconds after the first")
@pytest.mark.pg(14, 16, 18)
def test_every_panel_has_numbers_on_every_major(monitor: MakeMonitor, database: Database) -> None:
    running = monitor(database.dsn(MONITOR))
    name = running.get("/api/v1/targets")["targets"][0]["name"]
    database.execute("create table moved as select n from generate_series(1, 50000) n")
    database.execute("checkpoint")

    def told() -> "dict[str, dict[str, Any]] | None":
        found = {panel: running.get(f"/api/v1/targets/{name}/panels/{panel}") for panel in DRAWN}
        return found if all(any(data["read"]) for data in found.values()) else None

    found = running.wait_for("a reading of every panel", told)
    for panel, data in found.items():
        assert data["not_visible"] is None, panel
        assert [series["key"] for series in data["series"]] == [series.key for series in DRAWN[panel].series]
        for series in data["series"]:
            known = [value for value in series["values"] if value is not None]
            assert known, f"{panel}: nothing is known of {series['key']}"
            assert min(known) >= 0
    assert found["connections"]["limit"] == 97
