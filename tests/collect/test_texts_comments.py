"""Tags are taken from comments by name, and nothing that looks like data comes with them."""

import pytest

from pgvigil.collect.texts import DEFAULT_TAGS, normalise, tags


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("select 1 /*route='%2Fapi%2Forders',job='nightly'*/", {"route": "/api/orders", "job": "nightly"}),
        (
            "select 1 /* application:Shop,controller:orders,action:index */",
            {"action": "index", "application": "Shop", "controller": "orders"},
        ),
        ("select 1 -- queue=mail workflow = billing", {"queue": "mail", "workflow": "billing"}),
        ("/* framework='spring' */ select 1", {"framework": "spring"}),
        ("select 1 /*job='a'*/ + 1 /*job='b'*/", {"job": "b"}),
        ("select 1 /*job='it\\'s'*/", {"job": "it's"}),
        ("select 1 /* traceparent='00-1',user='bob',password=x */", {}),
        ("select '/* job=x */', \"-- job=x\", $$ -- job=x $$", {}),
        ("select 1 /*route='/a?token=abc'*/", {"route": "/a"}),
        ("select 1 /*job=''*/", {}),
        ("select 1 /*route='%'*/", {"route": "%"}),
        ("select a from b where c = 'd' /*job='x'*/ and e = 'cut", {"job": "x"}),
        ("select 1 /*job='cut in a comm", {}),
        ("garbage /*job='x'*/ in, garbage out", {}),
    ],
)
def test_allowed_tags_are_read_in_every_way_of_writing(raw: str, found: dict[str, str]) -> None:
    assert tags(raw) == found
    assert list(tags(raw)) == sorted(found)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("/orders/12345/items", "/orders/?/items"),
        ("/orders/7/items", "/orders/?/items"),
        ("/users/550e8400-e29b-41d4-a716-446655440000", "/users/?"),
        ("mail-to-bob@example.org", "?"),
        ("key_abcdef0123456789abcdef", "?"),
        ("order20240131", "?"),
        ("/api/v2/oauth2/:id", "/api/v2/oauth2/:id"),
        ("OrdersController#index", "OrdersController#index"),
        ("nightly-report", "nightly-report"),
        ("x" * 150, "x" * 100),
    ],
)
def test_what_looks_like_data_is_masked(value: str, kept: str) -> None:
    assert tags(f"select 1 /*route='{value}'*/") == {"route": kept}


def test_the_list_of_allowed_tags_is_the_callers() -> None:
    raw = "select 1 /*tenant='a',job='b'*/"
    assert tags(raw, frozenset({"tenant"})) == {"tenant": "a"}
    assert tags(raw, frozenset()) == {}
    assert "tenant" not in DEFAULT_TAGS


def test_the_text_is_the_same_with_and_without_tags() -> None:
    assert normalise("select a /*job='x'*/ from b").text == normalise("select a from b").text
