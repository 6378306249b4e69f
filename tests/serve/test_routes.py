"""The routes over a filled store: what is answered, in which order, and what is refused."""

from collections.abc import Mapping
from typing import Any

import pytest

from pgvigil.serve import schema
from pgvigil.serve.watch import Watch
from serve.filled import (
    BEGIN,
    CATALOG,
    EVENTS,
    GAPS,
    NOW,
    PANELS,
    SPAN,
    Client,
)

DAY = 86_400


async def test_for_every_probe_of_a_vital_a_known_server_says_what_is_hidden(watch: Watch, client: Client) -> None:
    drawn = [panel.asked for panel in PANELS.values() if panel.asked is not None]
    probes = {probe for drawing in drawn for probe in drawing.read}
    assert "passes" in probes
    hidden = {probe: watch.watchers["t"].hidden(probe) for probe in (*probes, *CATALOG.probes, "nothing")}
    assert (hidden["passes"], hidden["nothing"]) == (None, None)
    told = {it["key"]: it for it in (await client.get("vitals", **SPAN))["vitals"]}
    assert list(told) == ["load", "throughput", "latency", "connections", "cache_hit", "wal", "cost"]
    assert told["latency"]["not_visible"]["what"] == "statements"
    assert (told["connections"]["limit"], told["load"]["limit"]) == (97.0, 2.0)
    assert told["throughput"]["reason"] == "nothing was read in this span"


async def test_cpus_and_labels_of_a_target_are_told(client: Client) -> None:
    (told,) = (await client.ask("/api/v1/targets")).json()["targets"]
    assert (told["cpus"], told["labels"], told["version"]) == (2.0, {"env": "test"}, "18.0")
    assert "hunter2" not in str(told)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 200),
        ({"from": NOW - 60, "to": NOW}, 200),
        ({"from": NOW - 59, "to": NOW}, 422),
        ({"from": NOW - 400 * DAY, "to": NOW}, 200),
        ({"from": NOW - 400 * DAY - 1, "to": NOW}, 422),
        ({"from": NOW, "to": NOW - 600}, 422),
        ({"from": -1, "to": NOW}, 422),
        ({"from": NOW - 600, "to": -5}, 422),
        ({"from": "nan"}, 422),
        ({"to": "inf"}, 422),
        ({"from": "-inf"}, 422),
        ({"from": "yesterday"}, 422),
        ({"to": NOW - 7200}, 200),
        ({"to": NOW + 3000}, 200),
        ({"to": NOW + 4000}, 422),
        ({"to": 100}, 200),
        ({"to": 30}, 422),
        ({"from": NOW - 86_400}, 200),
        ({"from": NOW - 5}, 422),
        ({"from": NOW + 5}, 422),
        ({"from": 0}, 422),
    ],
    ids=str,
)
@pytest.mark.parametrize("route", ["panels/load", "vitals", "statements", "events"])
async def test_a_span_is_a_minute_to_400_days_long(
    client: Client, route: str, asked: Mapping[str, Any], status: int
) -> None:
    answer = await client.ask(f"/api/v1/targets/t/{route}", **asked)
    assert (answer.status_code, bool(answer.json())) == (status, True), answer.text
    if status == 422:
        refused = schema.Problem.model_validate(answer.json())
        assert refused.field in asked
        assert refused.message.endswith(".")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"limit": 1}, 200),
        ({"limit": 500}, 200),
        ({"limit": 0}, 422),
        ({"limit": 501}, 422),
        ({"offset": -1}, 422),
        ({"offset": 100_000}, 200),
        ({"offset": 100_001}, 422),
    ],
    ids=str,
)
async def test_a_page_of_events_has_1_to_500_rows(client: Client, asked: Mapping[str, Any], status: int) -> None:
    answer = await client.ask("/api/v1/targets/t/events", **asked)
    assert answer.status_code == status
    if status == 422:
        assert schema.Problem.model_validate(answer.json()).field == next(iter(asked))


async def test_pages_of_events_are_disjoint_and_complete_where_many_share_a_moment(client: Client) -> None:
    whole = (await client.get("events", **SPAN, limit=500))["events"]
    pages = [await client.get("events", **SPAN, limit=9, offset=offset) for offset in range(0, 153, 9)]
    found = [event for page in pages for event in page["events"]]
    assert found == whole
    assert len({tuple(event.items()) for event in found}) == len(EVENTS) == pages[0]["total"]
    assert [event["ts"] for event in found] == sorted((event["ts"] for event in found), reverse=True)


async def test_a_chart_says_how_many_events_and_gaps_it_left_out(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = await client.get("panels/load", **SPAN)
    assert (len(told["events"]), told["events_total"]) == (schema.CHART_EVENTS, len(EVENTS))
    assert (len(told["gaps"]), told["gaps_total"]) == (len(GAPS), len(GAPS))
    monkeypatch.setattr(schema, "CHART_GAPS", 5)
    told = await client.get("panels/load", **SPAN)
    assert ([gap["since"] for gap in told["gaps"]], told["gaps_total"]) == (
        [float(BEGIN + n) for n in range(15, 20)],
        len(GAPS),
    )
