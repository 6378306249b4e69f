"""What goes to the server and what comes back, value by value."""

import timeit
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg import sql
from psycopg.pq import Format

from fix_servers import MONITOR, Connection, Database, MakeServer
from pg.fix_pg import ask, failure, rows, session_at
from pgvigil.catalog import identifier
from pgvigil.pg import (
    Parameter,
    Request,
    Rows,
    Session,
    boolean,
    int4,
    int8,
    int8_array,
    oid,
    text,
    text_array,
)
from pgvigil.pg.decode import Decoder, python_encoding
from pgvigil.pg.values import LIMITS_MS


@pytest.fixture
async def session(database: Database) -> AsyncIterator[Session]:
    async with session_at(database.dsn(MONITOR)) as opened:
        yield opened


@pytest.mark.pg(14, 18)
async def test_parameters_arrive_as_they_were_sent(session: Session) -> None:
    sent: list[tuple[str, Parameter, Any]] = [
        ("int8", int8(-(2**63)), -(2**63)),
        ("int8", int8(None), None),
        ("int4", int4(-5), -5),
        ("int4", int4(None), None),
        ("oid", oid(2**32 - 1), 2**32 - 1),
        ("oid", oid(None), None),
        ("bool", boolean(True), True),
        ("bool", boolean(False), False),
        ("bool", boolean(None), None),
        ("text", text("naïve € 'quoted' \\"), "naïve € 'quoted' \\"),
        ("text", text(""), ""),
        ("text", text(None), None),
        ("int8[]", int8_array([]), []),
        ("int8[]", int8_array([1, -(2**63), 2**63 - 1]), [1, -(2**63), 2**63 - 1]),
        ("int8[]", int8_array(np.array([7, 8], dtype=np.int64)), [7, 8]),
        ("text[]", text_array([]), []),
        ("text[]", text_array(["", "a,b", "NULL", "ü"]), ["", "a,b", "NULL", "ü"]),
    ]
    query = "select " + ", ".join(f"${n}::{kind}" for n, (kind, *_) in enumerate(sent, start=1))
    got = rows(await ask(session, query, *(parameter for _, parameter, _ in sent)))
    assert list(got[0]) == [value for *_, value in sent]


@pytest.mark.pg(14, 18)
async def test_columns_come_as_python_values(session: Session) -> None:
    query = """
        select '2000-01-01 00:00:00+00'::timestamptz as epoch, '1970-01-01 00:00:00.000001+00'::timestamptz as early,
          'infinity'::timestamptz as never, '-infinity'::timestamptz as ever, null::timestamptz as unknown,
          26::oid as oid, 'a name'::name as name, 'x'::"char" as word, 1.5::float8 as float, true as yes,
          'NaN'::float8 as nan, 'é'::text as text
    """
    reply = await ask(session, query)
    (row,) = rows(reply)
    assert row[:10] == (946_684_800_000_000, 1, None, None, None, 26, "a name", "x", 1.5, True)
    assert row[10] != row[10]
    assert row[11] == "é"


def test_a_limit_that_is_no_constant_is_refused() -> None:
    with pytest.raises(ValueError, match="deadline_ms of x is 300"):
        Request("x", "select 1", (), 300)
    assert [Request("x", "select 1", (), limit).deadline_ms for limit in LIMITS_MS] == list(LIMITS_MS)


def test_neither_parameters_nor_messages_show_themselves() -> None:
    assert "secret" not in repr(Request("x", "select $1", (text("secret"),)))


async def test_a_message_of_the_server_is_not_in_the_repr(session: Session) -> None:
    failed = failure(await ask(session, "select 'secret'::int4"))
    assert "secret" in failed.message
    assert "secret" not in repr(failed)


async def test_a_text_that_the_server_cannot_take_fails_alone(session: Session) -> None:
    replies = await session.run(
        [Request("bad", "select $1", (text("a\0b"),)), Request("good", "select 1")], deadline=20
    )
    assert failure(replies[0]).sqlstate == "22021"
    assert rows(replies[1]) == [(1,)]


# -- encodings ---


def create(server_connection: Connection, name: str, encoding: str) -> None:
    query = sql.SQL("create database {} encoding {} locale 'C' template template0")
    server_connection.execute(query.format(sql.Identifier(name), sql.Literal(encoding)))


ENCODED = [
    ("SQL_ASCII", b"caf\xc3\xa9", "café"),
    ("SQL_ASCII", b"caf\xe9!", "caf\N{REPLACEMENT CHARACTER}!"),
    ("LATIN1", b"caf\xe9", "café"),
    ("WIN1252", b"\x80 \x81", "€ \N{REPLACEMENT CHARACTER}"),  # 0x81 is no character: converting it would fail
    ("EUC_JP", b"\xc6\xfc", "日"),
    ("KOI8R", b"\xc4\xc1", "да"),
]


async def test_texts_in_any_encoding_come_and_never_fail(private_server: MakeServer) -> None:
    server = private_server()
    for number, (encoding, stored, expected) in enumerate(ENCODED):
        name = f"encoded_{number}"
        with psycopg.connect(server.dsn(), autocommit=True) as superuser:
            create(superuser, name, encoding)
        with psycopg.connect(server.dsn(dbname=name), autocommit=True) as writer:
            writer.execute(f"set client_encoding = {encoding}")
            writer.execute("create table texts (t text)")
            with writer.cursor().copy("copy texts from stdin") as copy:
                copy.write(stored + b"\n")
            writer.execute(f"grant select on texts to {MONITOR}")
        async with session_at(server.dsn(MONITOR, name)) as session:
            reply = await ask(session, "select t, t::name, t::varchar(20), 1 from public.texts")
            assert rows(reply) == [(expected, expected, expected, 1)], encoding
            if "\N{REPLACEMENT CHARACTER}" not in expected:
                name = identifier(f"{expected} of {encoding}")
                query = f"select 'here' as {name} from public.texts where t = $1 and t = any ($2)"
                back = await ask(session, query, text(expected), text_array(["other", expected]))
                assert isinstance(back, Rows)
                assert (rows(back), back.names) == ([("here",)], (f"{expected} of {encoding}",)), encoding


async def test_a_text_cut_inside_a_character_comes_with_a_mark(private_server: MakeServer) -> None:
    server = private_server(settings={"track_activity_query_size": "100"})
    with psycopg.connect(server.dsn(), autocommit=True) as other:
        other.execute("select '" + "x" * 90 + "€€'")
        async with session_at(server.dsn(MONITOR)) as session:
            query = "select query from pg_catalog.pg_stat_activity where pid = $1"
            ((seen,),) = rows(await ask(session, query, int4(other.info.backend_pid)))
    assert seen.startswith("select 'xxx")


def test_texts_that_are_utf_8_are_read_by_the_driver_which_is_much_faster(database: Database) -> None:
    with database.connect() as connection:
        query = b"select n::text, n::text, n::text, n::text, n::text from generate_series(1, 20000) n"
        result = connection.pgconn.exec_params(query, None, result_format=Format.BINARY)

    def seconds(encoding: str) -> float:
        decoder = Decoder(encoding)
        return min(timeit.repeat(lambda: decoder.rows(result), number=1, repeat=5))

    assert len(Decoder("UTF8").rows(result)) == 20_000
    assert seconds("UTF8") < seconds("LATIN1") / 2
    assert seconds("SQL_ASCII") < seconds("LATIN1") / 2


def test_every_encoding_of_a_server_has_a_codec() -> None:
    # The server encodings of PostgreSQL (documentation, table 23.3).
    names = """EUC_CN EUC_JP EUC_JIS_2004 EUC_KR EUC_TW ISO_8859_5 ISO_8859_6 ISO_8859_7 ISO_8859_8 KOI8R KOI8U LATIN1
    LATIN2 LATIN3 LATIN4 LATIN5 LATIN6 LATIN7 LATIN8 LATIN9 LATIN10 MULE_INTERNAL SQL_ASCII UTF8 WIN866 WIN874 WIN1250
    WIN1251 WIN1252 WIN1253 WIN1254 WIN1255 WIN1256 WIN1257 WIN1258 GB18030 BIG5 GBK JOHAB SJIS UHC SHIFT_JIS_2004"""
    for name in names.split():
        assert b"plain".decode(python_encoding(name)) == "plain", name
