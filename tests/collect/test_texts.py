"""No literal passes the normaliser, and what is useful does."""

import re
from typing import Any

import psycopg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import literals
from pgvigil.collect.texts import CUT, DEFAULT_TAGS, LONGEST_TEXT, Text, normal, normalise

CASES = literals.generate(1)
SALT = b"a salt of the tests"


def seen(text: Text) -> str:
    """Everything of a text that is kept, in small letters."""
    return f"{text.text} {dict(text.tags)}".lower()


def clean(raw: str | bytes) -> Text:
    """Normalised without the memory of earlier calls."""
    data = raw if isinstance(raw, bytes) else raw.encode("utf-8", "surrogatepass")
    return normal._normalise(data, SALT, DEFAULT_TAGS)


def test_there_are_enough_cases_and_each_has_tokens_of_its_own() -> None:
    assert len(CASES) >= 300
    tokens = [token for case in CASES for token in case.tokens]
    assert len(tokens) == len(set(tokens))
    assert all(token in case.sql for case in CASES for token in case.tokens)
    assert sum(bool(case.tokens) for case in CASES) > len(CASES) - 5
    assert literals.generate(1) == CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_no_token_survives(case: literals.Case) -> None:
    kept = seen(clean(case.sql))
    assert [token for token in case.tokens if token.lower() in kept] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_no_part_of_a_token_survives_a_cut_at_any_position(case: literals.Case) -> None:
    for length in range(len(case.sql)):
        kept = seen(clean(case.sql[:length]))
        leaked = [token for token in case.tokens if token[:5].lower() in kept]
        assert not leaked, case.sql[:length]


def test_no_token_survives_in_bytes_of_another_encoding() -> None:
    for case in CASES:
        if any(token.replace("_", "").isdigit() for token in case.tokens) or "hexadecimal" in case.kind:
            continue  # a letter before a number makes a name of it
        for noise in (b"\xe9", b"\xff\xfe", b"\x00", b"\xed\xa0\x80", "\N{GRINNING FACE}".encode()[:3]):
            raw = case.sql.encode()
            for token in case.tokens:
                raw = raw.replace(token.encode(), noise + token.encode() + noise)
            kept = seen(clean(raw))
            assert [token for token in case.tokens if token.lower() in kept] == [], raw


def test_cleaning_twice_is_cleaning_once() -> None:
    for case in CASES:
        for length in {len(case.sql), len(case.sql) // 2, len(case.sql) - 3}:
            once = clean(case.sql[:length])
            assert clean(once.text).text == once.text, case.sql[:length]


def test_two_statements_that_differ_only_in_literals_become_one() -> None:
    for one, other in zip(CASES, literals.generate(2), strict=True):
        if clean(one.sql).how == "hashed":
            continue
        names = re.compile(r"p_[0-9a-f]+")
        assert names.sub("p", clean(one.sql).text) == names.sub("p", clean(other.sql).text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("select a from b where c = 'x'", "select a from b where c = 'other' -- comment"),
        ("select a from b where c = 5 and d", "select a from b where c = 6.5e10 and d"),
        ("select a from b where c in (1, 2)", "select a from b where c in (3,4, 5 , 6)"),
        ("select a from b where c = any (array[1,2])", "select a from b where c = any (array[1,2,3])"),
        (
            "select a from b where c in ('x'::uuid, 'y'::uuid)",
            "select a from b where c in ('z'::uuid, 'a'::uuid, 'b'::uuid)",
        ),
        ("insert into a values (1, 'b'), (2, 'c')", "insert into a values (1, 'b'), (2, 'c'), (3, 'd')"),
        ("select true", "select false"),
        ("/* first */ select 1", "select 1 /* last */"),
        ("set a.b to c", "set a.b to 'd e'"),
        ("select a from b where c = -1", "select a from b where c = 1"),
    ],
)
def test_values_make_no_difference(one: str, other: str) -> None:
    assert clean(one).text == clean(other).text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("select a from b", "select a from c"),
        ("select a from b", "select d from b"),
        ('select "a" from b', 'select "A" from b'),
        ("select a from b where c = 1", "select a from b where c > 1"),
        ("select a from s.b", "select a from t.b"),
        ("update a set b = c", "update a set b = d"),
        ("set a.b to c", "set a.d to c"),
        ("select a->'b'", "select a->>'b'"),
        ("select f($1)", "select f($2)"),
        ("insert into a values (1, 2)", "insert into a values (1), (2)"),
        ("selekt a", "selekt b"),
    ],
)
def test_structure_makes_a_difference(one: str, other: str) -> None:
    assert clean(one).text != clean(other).text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("select id from orders where id = 7", "select id from orders where id = $1"),
        ("select id from orders where id = $1 and name = 'x'", "select id from orders where id = $1 and name = $2"),
        ('select "Id", "it\'s" from "My Schema"."T 1"', 'select "Id", "it\'s" from "My Schema"."T 1"'),
        ("select a\n  from b -- why\n where c = 1", "select a\n  from b\n where c = $1"),
        ("select a from b where c in (1,2,3) limit 5", "select a from b where c in ($1 /*, ... */) limit $2"),
        ("select a from b where c in ($1 /*, ... */)", "select a from b where c in ($1 /*, ... */)"),
        ('select nullif(q."a", 1), coalesce("b", \'\')', 'select nullif(q."a", $1), coalesce("b", $2)'),
        ('select f("in", $1, $2) from "values"', 'select f("in", $1, $2) from "values"'),
        ("copy orders from '/tmp/x' csv", "copy orders from $1 csv"),
        ("set search_path to a, b", "set search_path to $1, $2"),
        ("set app.secret to default", "set app.secret to default"),
        ("set transaction isolation level serializable", "set transaction isolation level serializable"),
        ("alter role a set b.c = d", "alter role a set b.c = $1"),
        ("create role a login password 'x'", "create role a login password $1"),
        ("listen channel", "listen channel"),
        ("COMMIT", "COMMIT"),
        ("select data ? 'a', data #>> '{b}' from c", "select data ? $1, data #>> $2 from c"),
        ("autovacuum: VACUUM public.orders", "autovacuum: VACUUM public.orders"),
        ("<insufficient privilege>", "<insufficient privilege>"),
        (
            "START_REPLICATION SLOT \"s\" LOGICAL 0/0 (proto_version '4')",
            'START_REPLICATION SLOT "s" LOGICAL $1/$2 (proto_version $3)',
        ),
        ("", ""),
        (" -- nothing\n", ""),
    ],
)
def test_what_is_useful_stays(raw: str, text: str) -> None:
    assert clean(raw).text == text


@pytest.mark.parametrize(
    ("raw", "text", "how"),
    [
        ("select 1", "select $1", "parsed"),
        ("select a from b where c = 'sec", "select a from b where c = $1 ...", "masked"),
        ("select a from b wher", "select a from b wher", "parsed"),
        ("select a from b order b", "select a from b order ...", "masked"),
        ("select a from b order by c nulls fir", "select a from b order by c ...", "masked"),
        ('select a from "b', "select a from ...", "masked"),
        ("select a /* b", "select a ...", "masked"),
        ("select 1; garbage here", r"SELECT \(unreadable text [0-9a-f]{12}\)", "hashed"),
        ("hunter2", r"STATEMENT \(unreadable text [0-9a-f]{12}\)", "hashed"),
    ],
)
def test_it_says_how_it_was_read(raw: str, text: str, how: str) -> None:
    cleaned = clean(raw)
    assert cleaned.how == how
    assert re.fullmatch(text if how == "hashed" else re.escape(text), cleaned.text)


def test_a_hash_can_be_confirmed_only_with_the_salt_of_the_store() -> None:
    raw = "my password is hunter2"
    assert normalise(raw, salt=b"a").text == normalise(raw, salt=b"a").text != normalise(raw, salt=b"b").text
    assert normalise(raw, salt=b"a").text != normalise(raw + "!", salt=b"a").text


def test_a_long_text_is_cut_at_a_token_and_stays_as_it_is() -> None:
    raw = "select " + ", ".join(f"column_{i} + {i}" for i in range(5000)) + " from t"
    cleaned = clean(raw)
    assert LONGEST_TEXT - 30 < len(cleaned.text) <= LONGEST_TEXT
    assert cleaned.text.endswith(CUT)
    assert re.search(r"(?:column_[0-9]+|\+|,|\$[0-9]+)$", cleaned.text.removesuffix(CUT))
    assert clean(cleaned.text).text == cleaned.text


@pytest.mark.parametrize(
    "repeated", ["1,", "'a',", "(", "a+", "$1 ", "/*", "'", "set a to b;", "\n", "@", "::x", "not "]
)
def test_a_megabyte_of_anything_is_read_within_bounds(repeated: str) -> None:
    raw = "select " + repeated * (1_000_000 // len(repeated))
    cleaned = clean(raw)
    assert len(cleaned.text) <= LONGEST_TEXT
    assert clean(cleaned.text).text == cleaned.text


def test_a_list_of_ten_thousand_leaves_what_follows_it_visible() -> None:
    raw = "select a from b where c in (" + ", ".join(f"'{i:032x}'" for i in range(10_000)) + ") order by d"
    assert clean(raw) == Text("select a from b where c in ($1 /*, ... */) order by d", {}, "parsed")


@given(st.binary(max_size=300))
@settings(max_examples=500, deadline=None)
def test_random_bytes_never_raise_and_settle_at_once(raw: bytes) -> None:
    once = clean(raw)
    assert clean(once.text).text == once.text


WORDS = (
    'select from where a b.c " "" "a" $$ $a$ $1 $99999 1 1e .5 0x1 -- /* */ ( ) [ ] , ; in( array[ values( set to ='
    " ::text - + * / @> ? { } é null true default as and order nulls first not interval copy password BASE_BACKUP"
    " uescape ' '' 'a' E' \\' \\ U&' U&\" N' B' X'"
)
FRAGMENTS = st.sampled_from(
    [
        *WORDS.split(),
        *("\n", "\t", " ", "\x00", "\ud800", "\N{GRINNING FACE}", " ...", "/*, ... */", "in (", "alter role a"),
        *("create function f()", "order by", "autovacuum: VACUUM a.b", "<insufficient privilege>"),
        "SELECT (unreadable text 0123456789ab)",
    ]
)


@given(st.lists(st.tuples(FRAGMENTS, st.sampled_from(["", " ", "\n"])), max_size=25))
@settings(max_examples=1000, deadline=None)
@example([("select", " "), ("/*", ""), ("*/", ""), (" ", ""), ("'a'", "")])
def test_any_soup_of_sql_settles_at_once(pieces: list[tuple[str, str]]) -> None:
    raw = "".join(piece + space for piece, space in pieces)
    once = clean(raw)
    assert clean(once.text).text == once.text, raw
    assert len(once.text) <= LONGEST_TEXT


WHOLE = st.sampled_from(
    [
        "a",
        '"b c"',
        "'d'",
        "E'e\\''",
        "$$f$$",
        "$g$ ' $g$",
        "1.5",
        "$1",
        "/* ' */",
        "-- '\n",
        "(",
        ")",
        ",",
        "+",
        ";",
        "in (1, 2)",
    ]
)


@given(
    st.lists(WHOLE, max_size=8),
    st.sampled_from(literals.TEXTS + literals.NUMBERS + literals.OTHERS),
    st.lists(WHOLE, max_size=8),
    st.integers(),
)
@settings(max_examples=1000, deadline=None)
def test_a_token_in_a_literal_survives_nowhere(before: list[str], form: Any, after: list[str], seed: int) -> None:
    literal, token = form[1](literals.Tokens(seed))
    kept = seen(clean(" ".join(["select", *before, literal, *after])))
    assert token.lower() not in kept


def run(connection: psycopg.Connection[Any], case: literals.Case) -> str:
    """Run a case in a transaction that is rolled back; returns the error, if there is one."""
    statement = case.sql.encode()
    connection.execute("begin")
    try:
        if case.sql.startswith("copy ("):
            with connection.cursor() as cursor, cursor.copy(statement) as copied:
                list(copied)
        else:
            connection.execute(statement, prepare=False)
    except psycopg.Error as error:
        return f"{case.kind}: {case.sql}: {error}"
    finally:
        connection.execute("rollback")
    return ""


@pytest.mark.pg(14, 18)
def test_what_is_called_runnable_runs(database: Any) -> None:
    with database.connect() as connection:
        connection.execute(literals.SETUP)
        failed = [error for case in CASES if case.runnable and (error := run(connection, case))]
        connection.execute(literals.TEARDOWN)
    assert not failed, "\n".join(failed)


@pytest.mark.pg("all")
def test_what_a_real_server_keeps_of_statements_is_cleaned_and_readable(database: Any) -> None:
    with database.connect() as connection:
        connection.execute(literals.SETUP)
        for case in CASES:
            if case.runnable:
                run(connection, case)
        connection.execute(literals.TEARDOWN)
        rows = connection.execute(
            "select s.query from pg_stat_statements s join pg_database d on d.oid = s.dbid"
            " where d.datname = current_database()"
        ).fetchall()
    kept = [clean(query) for (query,) in rows]
    whole = "\n".join(seen(text) for text in kept)
    assert [token for case in CASES for token in case.tokens if token.lower() in whole] == []
    assert len(kept) > 150
    assert [query for (query,), text in zip(rows, kept, strict=True) if text.how != "parsed"] == []
