"""Messages of a server keep what PostgreSQL says and lose what it quotes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import literals
from pgvigil.collect.texts import scrub_message

TOKENS = literals.Tokens(1)

# {w}: a value that must not be seen; the right side: what is left.
MESSAGES = [
    ('invalid input syntax for type integer: "{w}"', 'invalid input syntax for type integer: "?"'),
    ('invalid input syntax for type json: "{w}" column "{w}"', 'invalid input syntax for type json: "?"'),
    ('invalid input value for enum colour: "{w}"', 'invalid input value for enum colour: "?"'),
    ('invalid value for parameter "work_mem": "{w}"', 'invalid value for parameter "work_mem": "?"'),
    ('syntax error at or near "{w}"\nLINE 1: select {w} {w}\n               ^', 'syntax error at or near "?"'),
    ('unterminated quoted string at or near "\'{w} and {w}"', 'unterminated quoted string at or near "?"'),
    ('value "{n}" is out of range for type integer', 'value "?" is out of range for type integer'),
    ("smallint out of range: {n}", "smallint out of range: ?"),
    ("Key (email)=({w}) already exists.", "Key (email)=(?)"),
    ('Key (a, b)=({w}, {n}) is not present in table "orders".', "Key (a, b)=(?)"),
    ("Failing row contains ({n}, {w}, null).", "Failing row contains (?)"),
    ('time zone "{w}" not recognized', 'time zone "?" not recognized'),
    ('could not open file "/tmp/{w}" for reading', 'could not open file "?" for reading'),
    ('COPY orders, line 1, column id: "{w}"', ""),
    ('bad row\nCONTEXT:  SQL statement "select {w}"', "bad row"),
    ('JSON data, line 1: {{"a": {w}', ""),
    ("unknown thing '{w}' of '{w}'", 'unknown thing "?"'),
    ('missing "=" after "{w}" in connection info string', 'missing "?" in connection info string'),
    ("password={w} host=here", "password=? host=here"),
    ("could not reach postgresql://user:{w}@host/db", "could not reach postgresql://?/db"),
    ("parameters: $1 = {w}", "parameters: ?"),
    ("card {n} of {w}@example.org", "card ? of ?"),
    ('relation "a" is "{w}", not table "b"', 'relation "a" is "?"'),
    ('open "{w}', 'open "?"'),
    ("ungültige Eingabesyntax für Typ integer: „{w}“", 'ungültige Eingabesyntax für Typ integer: "?"'),
    ("Relation „{w}“ und „{w}“ sind da", 'Relation "?" sind da'),
    (
        "syntaxe en entrée invalide pour le type integer : « {w} »",
        'syntaxe en entrée invalide pour le type integer : "?"',
    ),
    ("la relation «{w} a» n'existe pas", 'la relation "?"existe pas'),
    ("»{w}« und ‚{w}‘ und ‹{w}› und 「{w}」 und ‘{w}’", '"?"'),
    ("’{w}’", '"?"'),
]


@pytest.mark.parametrize(("message", "kept"), MESSAGES)
def test_values_are_masked(message: str, kept: str) -> None:
    while "{w}" in message or "{n}" in message:
        message = message.replace("{w}", TOKENS.word(), 1).replace("{n}", TOKENS.number(), 1)
    assert scrub_message(message.replace("{{", "{")) == kept


@pytest.mark.parametrize(
    "message",
    [
        'column "a" of relation "b" does not exist',
        'duplicate key value violates unique constraint "users_email_key"',
        'new row for relation "orders" violates check constraint "orders_check"',
        'connection to server at "10.0.0.1", port 5432 failed: FATAL:  password authentication failed for user "bob"',
        'connection to server on socket "/tmp/.s.PGSQL.5432" failed: No such file or directory',
        'no pg_hba.conf entry for host "10.0.0.1", user "x", database "y", no encryption',
        'could not translate host name "nowhere.example" to address: Name or service not known',
        "function foo(integer, text) does not exist",
        "permission denied for function pg_stat_statements_reset",
        "canceling statement due to lock timeout",
        'unrecognized configuration parameter "app.setting"',
        "doesn't and can't",
        "",
    ],
)
def test_names_where_postgresql_puts_names_stay(message: str) -> None:
    assert scrub_message(message) == message


@given(st.text(max_size=200))
def test_any_message_is_taken(message: str) -> None:
    assert len(scrub_message(message)) <= 1000


@given(st.text(alphabet="ab \"'\n()=:,;.", max_size=30), st.text(alphabet="ab \"'\n()=:,;.", max_size=30))
def test_a_quoted_value_never_survives(before: str, after: str) -> None:
    token = literals.Tokens(0).word()
    assert token not in scrub_message(f'invalid input syntax for type integer: "{before}{token}{after}"')
