"""The routes of statements over a filled store: pages, filters, groups, one in full, and what is refused."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pgvigil.model import Value
from pgvigil.serve import schema
from pgvigil.serve.statement_answers import key_of
from pgvigil.serve.statement_schema import StatementSort
from pgvigil.serve.watch import Watch
from pgvigil.store import Writer, open_store
from serve.filled import (
    BEGIN,
    CATALOG,
    NOW,
    PANELS,
    RULES,
    SECOND,
    SPAN,
    WAITS,
    Client,
    Known,
    batch,
    statement,
    watcher,
)

CHARTS = [panel for panel in PANELS.values() if panel.page == "statement" and panel.drawing is not None]
MINUTE = {"from": BEGIN, "to": BEGIN + 60}
CHANGES = {
    "load_change": ("load", "load_before"),
    "calls_change": ("calls_per_s", "calls_per_s_before"),
    "mean_change": ("mean_ms", "mean_ms_before"),
}


def value_of(row: Mapping[str, Any], sort: str) -> Any:
    """What a list is sorted by; a change is not told itself, but what it lies between."""
    if sort not in CHANGES:
        return row[sort]
    after, before = (row[name] for name in CHANGES[sort])
    return None if after is None or before is None else after - before


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", [str(it) for it in StatementSort])
async def test_pages_of_statements_are_disjoint_complete_and_sorted(client: Client, sort: str, order: str) -> None:
    pages = [
        await client.get("statements", **SPAN, sort=sort, order=order, limit=7, offset=offset)
        for offset in range(0, 35, 7)
    ]
    rows = [row for page in pages for row in page["rows"]]
    assert {page["total"] for page in pages} == {31}
    assert len({row["queryid"] for row in rows}) == len(rows) == 31
    values = [value_of(row, sort) for row in rows]
    known = [value for value in values if value is not None]
    assert values[len(known) :] == [None] * (len(values) - len(known))
    assert known == sorted(known, reverse=order == "desc")
    if sort in {"mean_ms", "text"}:
        assert None in values


async def test_what_is_not_known_of_a_statement_is_null_and_not_the_word_none(client: Client) -> None:
    rows = (await client.get("statements", **SPAN, limit=500))["rows"]
    assert [row["queryid"] for row in rows].count(None) == 1
    assert "None" not in {row["queryid"] for row in rows}
    (never,) = [row for row in rows if row["queryid"] == "3"]
    assert (never["calls"], never["mean_ms"], never["rows_per_call"]) == (0, None, None)


async def test_a_statement_has_one_name_in_every_order_that_no_other_has(tmp_path: Path, keeper: Writer) -> None:
    rows = [
        {**statement(5), **key}
        for key in ({}, {"userid": 11}, {"dbid": 6}, {"toplevel": False}, {"queryid": 6}, {"queryid": None})
    ]
    names = [{"userid": userid, "name": "app"} for userid in (10, 11)]
    with closing(open_store(f"duckdb://{tmp_path}/pgvigil.db", None, CATALOG)) as store:
        store.target_id("t", 2.0, {})
        for incarnation in (1, 2):
            told = {"number": incarnation, "incarnation": incarnation}
            store.append([batch("statements", rows, **told), batch("role_names", names, secs=None, **told)])
        client = Client(
            Watch(store, CATALOG, RULES, PANELS, WAITS, {"t": watcher(Known, keeper)}, lambda: int(NOW * SECOND), "1")
        )
        for order in ("asc", "desc"):
            found = (await client.get("statements", **SPAN, order=order))["rows"]
            assert {row["user"] for row in found} == {"app"}
            assert len({row["id"] for row in found}) == len(found) == 2 * len(rows)
            named = {row["id"] for row in found if row["queryid"] == "5" and row["toplevel"]}
            assert named == {f"5/{key}" for key in ("10/5/1", "11/5/1", "10/6/1", "10/5/2", "11/5/2", "10/6/2")}


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"limit": 5000}, 200),
        ({"limit": 0}, 422),
        ({"limit": 5001}, 422),
        ({"offset": -1}, 422),
        ({"offset": 100_001}, 422),
        ({"kind": "utility"}, 200),
        ({"kind": "everything"}, 422),
        ({"sort": "password"}, 422),
        ({"order": "sideways"}, 422),
        ({"moved": "perhaps"}, 422),
        ({"user": "nobody"}, 200),
        ({"user": "x" * 201}, 422),
        ({"search": "x" * 201}, 422),
        ({"search": "a\x00b", "user": "\x00", "database": "\ufffe"}, 200),
        ({"search": "'; drop table \" % _ \\"}, 200),
    ],
    ids=str,
)
async def test_what_is_asked_wrongly_is_refused_by_its_name(
    client: Client, asked: Mapping[str, Any], status: int
) -> None:
    answer = await client.ask("/api/v1/targets/t/statements", **asked)
    assert answer.status_code == status, answer.text
    if status == 422:
        refused = schema.Problem.model_validate(answer.json())
        assert refused.field == next(iter(asked))
        assert refused.message.endswith(".")


async def test_every_word_has_to_be_in_the_text_and_no_letter_of_it_is_a_pattern(client: Client) -> None:
    asked = {"select 4": 4, "4 SELECT": 4, "select 7": 1, "select 77": 0, "%": 0, "_": 0}
    # Of the queryids 2 to 19, four leave 4 when divided by 5; 7 is one of them itself.
    for words, count in asked.items():
        assert ((await client.get("statements", **SPAN, search=words))["total"], words) == (count, words)
    (one,) = (await client.get("statements", **SPAN, search="31"))["rows"]
    assert (one["queryid"], one["text"]) == ("31", None)


async def test_only_the_first_hundred_have_a_course(tmp_path: Path, keeper: Writer) -> None:
    rows: Sequence[Mapping[str, Value]] = [{**statement(5), "queryid": number} for number in range(1, 151)]
    with closing(open_store(f"duckdb://{tmp_path}/pgvigil.db", None, CATALOG)) as store:
        store.target_id("t", 2.0, {})
        store.append([batch("statements", rows)])
        client = Client(
            Watch(store, CATALOG, RULES, PANELS, WAITS, {"t": watcher(Known, keeper)}, lambda: int(NOW * SECOND), "1")
        )
        found = (await client.get("statements", **SPAN, limit=5000))["rows"]
        assert [row["spark"] is not None for row in found] == [True] * 100 + [False] * 50


async def answers(tmp_path: Path, keeper: Writer, texts: Mapping[int, str], path: str, **asked: Any) -> Any:
    """What is answered over a store with statements of these texts."""
    rows: Sequence[Mapping[str, Value]] = [{**statement(5), "queryid": queryid} for queryid in texts]
    told: Sequence[Mapping[str, Value]] = [{"queryid": queryid, "text": text} for queryid, text in texts.items()]
    with closing(open_store(f"duckdb://{tmp_path}/pgvigil.db", None, CATALOG)) as store:
        store.target_id("t", 2.0, {})
        store.append([batch("statements", rows), batch("queries", told, secs=None)])
        client = Client(
            Watch(store, CATALOG, RULES, PANELS, WAITS, {"t": watcher(Known, keeper)}, lambda: int(NOW * SECOND), "1")
        )
        return await client.get(path, **asked)


async def test_a_list_brings_the_begin_of_a_long_text_and_its_own_page_the_whole(
    tmp_path: Path, keeper: Writer
) -> None:
    long = "SELECT " + "x, " * 3000
    listed = await answers(tmp_path / "a", keeper, {7: long, 8: "SELECT 1"}, "statements", **SPAN)
    assert {row["queryid"]: (row["text"], row["cut"]) for row in listed["rows"]} == {
        "7": (long[:1000], True),
        "8": ("SELECT 1", False),
    }
    detail = await answers(tmp_path / "b", keeper, {7: long}, "statements/7/10/5/1", **SPAN)
    assert detail["text"] == long


async def test_one_in_full_tells_what_its_row_tells(client: Client) -> None:
    listed = await client.get("statements", **SPAN, limit=500)
    for row in listed["rows"]:
        found = await client.get(f"statements/{row['id']}", **SPAN)
        assert found["row"] == {**row, "spark": None, "by_class": []}
        assert found["id"] == row["id"]
        told = {chart["panel"]: [series["key"] for series in chart["series"]] for chart in found["charts"]}
        assert told == {
            panel.name: [series.key for series in panel.drawing.series] for panel in CHARTS if panel.drawing
        }
        assert all(len(it["values"]) == len(found["ts"]) for chart in found["charts"] for it in chart["series"])


async def test_one_that_did_not_run_in_the_span_is_known_all_the_same(client: Client) -> None:
    found = await client.get("statements/2/10/5/1", **{"from": BEGIN + 300, "to": BEGIN + 360}, compare="none")
    assert (found["row"], found["text"], found["compared_since"]) == (None, "SELECT 2", None)
    assert {value for chart in found["charts"] for it in chart["series"] for value in it["values"]} == {None}


@pytest.mark.parametrize(
    "id_",
    [
        "nothing", "1", "2/10/5", "2/10/5/1/inner", "99999999999999999999/1/1/1", "9223372036854775808/1/1/1",
        "2/10/5/7", "2/11/5/1", "2/10/5/1/nested", "3'/10/5/1", "2/10/5/1/",
    ],
)  # fmt: skip
async def test_an_id_that_names_nothing_is_told_so(client: Client, id_: str) -> None:
    answer = await client.ask(f"/api/v1/targets/t/statements/{id_}")
    assert answer.status_code == 404
    refused = schema.Problem.model_validate(answer.json())
    assert (refused.field, refused.error) == ("id", "not_found")
    assert refused.message.startswith(f"There is no statement {id_!r} of t; ") or "'" in id_


def test_a_number_of_64_bits_is_read_back() -> None:
    for queryid in (-(2**63), 2**63 - 1):
        key = key_of(f"{queryid}/4294967295/1/1/nested")
        assert key is not None
        assert (key.queryid, key.toplevel) == (queryid, False)


async def test_groups_add_up_to_the_list(client: Client) -> None:
    listed = await client.get("statements", **MINUTE, limit=500)
    found = await client.get("statements/groups", **MINUTE)
    for by in ("kinds", "users", "databases"):
        assert sum(it["statements"] for it in found[by]) == listed["total"]
        assert sum(it["load"] for it in found[by]) == pytest.approx(sum(row["load"] for row in listed["rows"]))
    assert [(it["name"], it["statements"]) for it in found["kinds"]] == [("query", 30), ("hidden", 1)]
    assert (found["users"][0]["name"], found["tags"], found["sampled_load"]) == ("10", [], 0.0)
