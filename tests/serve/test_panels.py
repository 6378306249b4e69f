"""The routes of the panels over a filled store."""

from dataclasses import replace

import pytest

from pgvigil.serve import panel_models as models
from pgvigil.serve import schema
from pgvigil.serve.watch import Watch
from pgvigil.store import Store
from serve.filled import BEGIN, GAPS, NOW, PANELS, SPAN, Client, batch

DAY = 86_400.0


async def test_every_panel_is_told_with_all_its_words(client: Client) -> None:
    told = models.Panels.model_validate((await client.ask("/api/v1/panels")).json()).panels
    assert [it.name for it in told] == list(PANELS)
    for it in told:
        panel = PANELS[it.name]
        assert (it.title, it.why, it.page, it.means, it.causes) == (
            panel.title, panel.why, panel.page, panel.means, panel.causes,
        )  # fmt: skip
        assert (it.todo, it.source, it.computed) == (panel.todo, panel.source, panel.computed)
        assert (it.drawn is None) == (panel.drawing is None)
        if it.drawn is not None and panel.drawing is not None:
            assert [one.key for one in it.drawn.series] == [one.key for one in panel.drawing.series]
            assert (it.drawn.unit, it.drawn.kind) == (panel.drawing.unit, panel.kind)


@pytest.mark.parametrize("name", [name for name, panel in PANELS.items() if panel.asked is not None])
async def test_every_panel_has_a_value_or_null_for_each_moment(client: Client, name: str) -> None:
    data = models.PanelData.model_validate(await client.get(f"panels/{name}", **SPAN))
    assert len(data.ts) == len(data.read) > 10
    assert data.compared is not None
    for series in data.series:
        assert len(series.values) == len(series.compared or ()) == len(data.ts)
    assert data.ts[-1] == data.until
    assert data.ts[0] == data.since + data.step


@pytest.mark.parametrize("name", ["nothing", "statements", "../nothing", "%00"])
async def test_a_panel_without_numbers_is_refused_with_those_that_have_some(client: Client, name: str) -> None:
    answer = await client.ask(f"/api/v1/targets/t/panels/{name}")
    assert answer.status_code == 404
    refused = schema.Problem.model_validate(answer.json())
    if "/" not in name:
        assert refused.field == "panel"
        assert ", load, throughput, " in refused.message
        assert "statements" not in refused.message.partition("known:")[2]


@pytest.mark.parametrize(("compare", "shift"), [("previous", NOW - BEGIN), ("day", DAY), ("week", 7 * DAY)])
async def test_the_compared_span_is_told(client: Client, compare: str, shift: float) -> None:
    told = await client.get("panels/wal", **SPAN, compare=compare)
    assert told["compared"] == {"since": BEGIN - shift, "until": NOW - shift}
    vitals = await client.get("vitals", **SPAN, compare=compare)
    assert (vitals["previous_since"], vitals["previous_until"]) == (BEGIN - shift, NOW - shift)


async def test_with_nothing_is_compared_where_that_is_asked_for(client: Client) -> None:
    told = await client.get("panels/wal", **SPAN, compare="none")
    assert (told["compared"], {series["compared"] for series in told["series"]}) == (None, {None})
    vitals = await client.get("vitals", **SPAN, compare="none")
    assert (vitals["previous_since"], vitals["previous_until"]) == (None, None)
    assert {vital["previous"] for vital in vitals["vitals"]} == {None}


async def test_lines_gaps_and_what_is_hidden_come_with_a_panel(client: Client) -> None:
    load = await client.get("panels/load", **SPAN)
    assert (load["limit"], load["gaps_total"], load["not_visible"]) == (2.0, len(GAPS), None)
    assert (await client.get("panels/connections", **SPAN))["limit"] == 97.0
    assert (await client.get("panels/wal", **SPAN))["limit"] is None
    hidden = (await client.get("panels/latency", **SPAN))["not_visible"]
    assert hidden["what"] == "statements"
    assert hidden["remedy"] == "CREATE EXTENSION pg_stat_statements;"


async def test_what_is_read_where_it_is_visible_hides_no_panel(client: Client, watch: Watch) -> None:
    hidden = watch.watchers["t"].hidden
    assert (hidden("io"), hidden("databases")) == (None, None)
    drawing = PANELS["io"].drawing
    assert drawing is not None
    assert drawing.also == ("io",)
    assert (await client.get("panels/io", **SPAN))["not_visible"] is None


async def test_uncertain_stretches_are_told(client: Client, store: Store) -> None:
    assert (await client.get("panels/wal", **SPAN))["uncertain"] == []
    one = batch("wal", [{"wal_bytes": 50}], number=3)
    store.append([replace(one, rows=[(*row[:-1], True) for row in one.rows])])
    told = await client.get("panels/wal", **SPAN)
    assert told["uncertain"] == [{"since": BEGIN + 20.0, "until": BEGIN + 30.0}]
    assert told["series"][0]["values"][2] == 5.0
