"""Search over a filled store: every word counts, no sign means anything, and the facts are those read last."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pgvigil.model import Batch, Value
from pgvigil.serve.watch import Watch
from pgvigil.store import Store, Writer, open_store
from serve.filled import BEGIN, CATALOG, NOW, PANELS, RULES, SECOND, WAITS, Client, Known, batch, statement, watcher

TEXTS = {
    2: "SELECT * FROM orders WHERE id = $1",
    3: 'UPDATE orders SET note = $1 -- 100%_done\'s \\ "quoted"',
    4: 'SELECT * FROM "Größe" /* route:/orders */',
    5: "INSERT INTO audit VALUES ($1)",
}
VACUUMED = int((BEGIN + 3) * SECOND)
ORDERS: Mapping[str, Value] = {"dbid": 5, "relid": 100, "schema": "public", "name": "orders", "relkind": "r"}
LOG: Mapping[str, Value] = {"dbid": 5, "relid": 101, "schema": "audit", "name": "log_entries", "relkind": "r"}
INDEX: Mapping[str, Value] = {"dbid": 5, "indexid": 200, "relid": 100, "schema": "public", "name": "orders_pkey"}


def with_names(probe: str, rows: Sequence[Mapping[str, Value]], number: int = 1) -> Batch:
    """Facts with the names that travel with them."""
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    return replace(batch(probe, [], number), names=names, rows=[(*map(row.get, names), False) for row in rows])


@pytest.fixture(scope="module")
def named_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("search")
    with closing(open_store(f"duckdb://{path}/pgvigil.db", None, CATALOG)) as store:
        store.target_id("t", 2.0, {})
        moved = [{**statement(n), "calls": n, "total_exec_time": float(n), "userid": 10 + n % 2} for n in TEXTS]
        facts: Mapping[str, Value] = {"relpages": 128, "n_live_tup": 1000, "last_vacuum": VACUUMED}
        store.append(
            [
                batch("statements", moved),
                batch("queries", [{"queryid": n, "text": text} for n, text in TEXTS.items()], secs=None),
                batch("role_names", [{"userid": 10, "name": "clerk"}, {"userid": 11, "name": "boss"}], secs=None),
                with_names("databases", [{"dbid": 5, "name": "shop"}]),
                with_names("tables", [{**ORDERS, **facts}, {**LOG, "relpages": 1}]),
                with_names("indexes", [{**INDEX, "relpages": 2, "is_valid": False}]),
                batch("settings", [setting("work_mem", "4096", "kB"), setting("log_destination", "stderr", None)]),
            ]
        )
        later = with_names("tables", [{**ORDERS, **facts, "relpages": 256}], 2)
        store.append([later, batch("settings", [setting("work_mem", "8192", "kB")], 2)])
        yield store


def setting(name: str, value: str, unit: str | None) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "source": "configuration file", "pending_restart": False}


@pytest.fixture
async def named_writer(named_store: Store) -> AsyncIterator[Writer]:
    writer = Writer(named_store)
    yield writer
    await writer.close()


@pytest.fixture
def named(named_store: Store, named_writer: Writer) -> Client:
    return Client(
        Watch(
            named_store,
            CATALOG,
            RULES,
            PANELS,
            WAITS,
            {"t": watcher(Known, named_writer)},
            lambda: int(NOW * SECOND),
            "1",
        )
    )


async def texts(client: Client, q: str) -> list[str]:
    return [found["text"] for found in (await client.get("search", q=q))["statements"]]


async def test_every_word_has_to_be_in_text_user_or_database_and_what_took_most_comes_first(named: Client) -> None:
    assert await texts(named, "orders") == [TEXTS[4], TEXTS[3], TEXTS[2]]
    assert await texts(named, "select ORDERS") == [TEXTS[4], TEXTS[2]]
    assert await texts(named, "shop boss orders") == [TEXTS[3]]
    assert await texts(named, "clerk audit") == []
    assert await texts(named, "größe") == [TEXTS[4]]


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("%", [3]),
        ("_done", [3]),
        ("'", [3]),
        ('"', [4, 3]),
        ("\\", [3]),
        ("100%_done's", [3]),
        ("o_ders", []),
        ("%orders%", []),
        ("' OR 1=1 --", []),
        ("') FROM queries; DROP TABLE queries; --", []),
        ("$1", [5, 3, 2]),
        ("{statements}", []),
        ("\x00", []),
        ("\u202e", []),
        ("😀", []),
        ("]", []),
    ],
)
async def test_no_sign_means_anything_but_itself(named: Client, typed: str, numbers: list[int]) -> None:
    assert await texts(named, typed) == [TEXTS[number] for number in numbers]


async def test_an_id_is_that_of_the_list_of_statements(named: Client) -> None:
    found = {it["id"] for it in (await named.get("search", q="shop"))["statements"]}
    listed = {row["id"] for row in (await named.get("statements", **{"from": BEGIN, "to": NOW}))["rows"]}
    assert found == listed
    assert len(found) == len(TEXTS)


async def test_the_facts_of_a_table_an_index_and_a_setting_are_those_read_last(named: Client) -> None:
    found = await named.get("search", q="orders")
    (table,) = found["tables"]
    assert (table["schema"], table["name"], table["database"], table["bytes"]) == (
        "public",
        "orders",
        "shop",
        256 * 8192,
    )
    assert (table["vacuumed"], table["last"]) == (BEGIN + 3, BEGIN + 20)
    (index,) = found["indexes"]
    assert (index["name"], index["table"], index["bytes"], index["valid"]) == ("orders_pkey", "orders", 16384, False)
    (found_setting,) = (await named.get("search", q="mem work"))["settings"]
    assert (found_setting["value"], found_setting["unit"], found_setting["source"]) == (
        "8192",
        "kB",
        "configuration file",
    )


async def test_a_table_is_found_by_its_schema_and_what_is_not_known_of_it_is_null(named: Client) -> None:
    (table,) = (await named.get("search", q="audit.log"))["tables"]
    assert (table["name"], table["bytes"], table["rows"], table["vacuumed"]) == ("log_entries", 8192, None, None)


async def test_a_moment_of_the_past_knows_what_was_known_then(named: Client) -> None:
    (found,) = (await named.get("search", q="work_mem", at=BEGIN + 15))["settings"]
    assert found["value"] == "4096"
    assert (await named.get("search", q="work_mem", at=BEGIN))["settings"] == []


async def test_only_the_first_are_told_and_all_are_counted(named: Client) -> None:
    found = await named.get("search", q="shop", limit=1)
    assert [len(found[kind]) for kind in ("statements", "tables", "indexes", "settings")] == [1, 1, 1, 0]
    assert found["totals"] == {"statements": 4, "tables": 2, "indexes": 1, "settings": 0}


async def test_blanks_alone_find_nothing_and_too_much_is_refused(named: Client) -> None:
    assert (await named.get("search", q=" \t "))["totals"] == dict.fromkeys(
        ("statements", "tables", "indexes", "settings"), 0
    )
    for asked in (
        {},
        {"q": ""},
        {"q": "x" * 201},
        {"q": "x", "limit": 0},
        {"q": "x", "limit": 51},
        {"q": "x", "at": "nan"},
    ):
        answer = await named.ask("/api/v1/targets/t/search", **asked)
        assert (answer.status_code, answer.json()["error"]) == (422, "bad_value"), asked
