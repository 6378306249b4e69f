"""Statements with a secret token in every place where SQL can hold a literal, to prove that none is ever kept.

`generate(seed)` gives the same cases for the same seed; every token is unique among all of them. Cases that are
`runnable` execute without an error on PostgreSQL 14 to 18, as superuser, inside a transaction, after `SETUP`.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SETUP = """
create schema literal;
create table literal.orders
  (id bigint, name text, email text, data jsonb, labels text[], amount numeric, made timestamptz);
create table literal.items (order_id bigint, kind text, flags bit varying, amount numeric);
create function literal.keep(a text, b text default null) returns text language sql as 'select a';
create procedure literal.note(a text) language plpgsql as 'begin perform a; end';
create foreign data wrapper literal_wrapper;
create server literal_server foreign data wrapper literal_wrapper;
create role literal_role;
"""
TEARDOWN = """
drop schema literal cascade;
drop foreign data wrapper literal_wrapper cascade;
drop role literal_role;
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A statement, the tokens that must never be seen again, and which kind of place they stand in.

    Where that is a form of literal in a place of a statement, `form` and `place` say which.
    """

    sql: str
    tokens: tuple[str, ...]
    runnable: bool
    kind: str
    form: str = ""
    place: str = ""


class Tokens:
    """Hands out tokens that look like secrets, each of its own."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._used: set[str] = set()

    def _unique(self, alphabet: str, length: int, start: str = "") -> str:
        while True:
            token = start + "".join(self._random.choices(alphabet, k=length - len(start)))
            if token not in self._used:
                self._used.add(token)
                return token

    def word(self) -> str:
        """Letters and digits, as in a password."""
        return self._unique("bcdfghjkmpqwxz", 10, "q") + self._unique("23456789", 4)

    def number(self) -> str:
        return self._unique("3456789", 9)

    def bits(self) -> str:
        return self._unique("01", 32, "1011")

    def hex(self) -> str:
        return self._unique("abcdef456789", 12)


Form = tuple[str, Callable[[Tokens], tuple[str, str]], bool]


def _wrap(before: str, after: str) -> Callable[[Tokens], tuple[str, str]]:
    def form(tokens: Tokens) -> tuple[str, str]:
        token = tokens.word()
        return f"{before}{token}{after}", token

    return form


def _number(before: str, after: str) -> Callable[[Tokens], tuple[str, str]]:
    def form(tokens: Tokens) -> tuple[str, str]:
        token = tokens.number()
        return f"{before}{token}{after}", token

    return form


def _underscored(tokens: Tokens) -> tuple[str, str]:
    token = tokens.number()
    written = f"{token[:3]}_{token[3:6]}_{token[6:]}"
    return written, written


def _bits(tokens: Tokens) -> tuple[str, str]:
    token = tokens.bits()
    return f"B'{token}'", token


def _hex(prefix: str, suffix: str) -> Callable[[Tokens], tuple[str, str]]:
    def form(tokens: Tokens) -> tuple[str, str]:
        token = tokens.hex()
        return f"{prefix}{token}{suffix}", token

    return form


# Every way to write a string; the last column: whether every major reads it where a text is wanted.
TEXTS: tuple[Form, ...] = (
    ("quoted", _wrap("'", "'"), True),
    ("quoted with quotes inside", _wrap("'it''s ", "'' so'"), True),
    ("quoted with a comment inside", _wrap("'-- /* ", " */'"), True),
    ("quoted with double quotes inside", _wrap("'\"", "\" x'"), True),
    ("quoted with a semicolon inside", _wrap("'a; select ", "'"), True),
    ("quoted on several lines", _wrap("'a\n\t", "\nb'"), True),
    ("quoted, continued on the next line", _wrap("'a'\n  '", "'"), True),
    ("escape", _wrap("E'", "'"), True),
    ("escape with an escaped quote", _wrap("e'it\\'s ", "\\\\'"), True),
    ("escape continued with an escaped quote", _wrap("E'a'\n'b\\'", "'"), True),
    ("unicode", _wrap("U&'\\0041", "'"), True),
    ("unicode with its own escape", _wrap("u&'!0041", "' uescape '!'"), True),
    ("national", _wrap("N'", "'"), True),
    ("dollar", _wrap("$$", "$$"), True),
    ("dollar with a tag", _wrap("$body$it's ", "$body$"), True),
    ("dollar inside dollar", _wrap("$a$ $b$ ", " $b$ $a$"), True),
    ("cast", _wrap("'", "'::varchar(40)"), True),
    ("cast function", _wrap("cast('", "' as text)"), True),
    ("type before", _wrap("text '", "'"), True),
    ("concatenated", _wrap("'a' || '", "'"), True),
)
NUMBERS: tuple[Form, ...] = (
    ("integer", _number("", ""), True),
    ("negative", _number("-", ""), True),
    ("decimal", _number("", ".5"), True),
    ("decimal point first", _number(".", ""), True),
    ("exponent", _number("", "e3"), True),
    ("negative exponent", _number("1.", "E-3"), True),
    ("hexadecimal", _hex("0x", ""), False),
    ("underscores", _underscored, False),
)
OTHERS: tuple[Form, ...] = (
    ("bit string", _bits, True),
    ("hexadecimal bit string", _hex("X'", "'"), True),
    ("hexadecimal bytes", _hex("'\\x", "'::bytea"), True),
    ("json", _wrap('\'{"a": {"b": ["', "\", 1]}}'::jsonb"), True),
    ("json with numbers", _number('\'{"a": ', "}'::json"), True),
    ("array", _wrap("array['a', '", "']"), True),
    ("array as text", _wrap("'{a,", "}'::text[]"), True),
    ("row", _wrap("row(1, '", "')::text"), True),
    ("json path", _wrap("'$.", "'::jsonpath"), True),
    ("range", _number("'[1,", ")'::int8range"), True),
    ("interval", _number("interval '", " seconds'"), True),
    ("point", _number("point(1, ", ")"), True),
    ("xml", _wrap("'<a>", "</a>'::text"), True),
)

# Where an expression may stand. {t}: the literal.
ANY_PLACES: tuple[tuple[str, str], ...] = (
    ("select list", "select id, {t} as c from literal.orders"),
    ("explain", "explain (costs off) select {t} from literal.orders"),
    ("prepare", "prepare {p} as select {t} from literal.orders where id = $1"),
    ("declare", "declare {p} cursor for select {t} from literal.orders"),
    ("copy query", "copy (select {t} from literal.orders) to stdout"),
    ("view", "create view literal.{p} as select {t} as c"),
    ("create table as", "create table literal.{p} as select {t} as c"),
)
TEXT_PLACES: tuple[tuple[str, str], ...] = (
    ("where", "select id from literal.orders o where o.name = {t} and id > 0"),
    ("in list", "select id from literal.orders where name in ('a', {t}, 'b')"),
    ("function", "select literal.keep({t}, b => {t})"),
    ("insert", "insert into literal.orders (id, name) values (1, {t}), (2, {t})"),
    ("update", "update literal.orders set name = {t}, email = lower({t}) where id = 1"),
    ("delete", "delete from literal.orders where name like {t} returning id"),
    ("upsert", "insert into literal.items as i (kind) select {t} on conflict do nothing returning i.kind || {t}"),
    ("cte", "with a as (select {t} as n) select * from a join literal.orders o on o.name = a.n"),
    ("case", "select case when name = {t} then {t} else name end from literal.orders order by {t} || name"),
    (
        "having",
        "select name, count(*) filter (where email = {t}) from literal.orders group by name having max(name) > {t}",
    ),
    ("default", "create table literal.{p} (a text default {t}, check (a <> {t}))"),
    ("index predicate", "create index {p} on literal.orders (id) where name = {t}"),
    ("several statements", "select 1; select {t}; select id from literal.orders where name = {t}"),
)
NUMBER_PLACES: tuple[tuple[str, str], ...] = (
    ("where", "select id from literal.orders where amount > {t} or amount between {t} and 1"),
    ("in list", "select id from literal.orders where amount in (1,{t},2)"),
    ("arithmetic", "select amount+{t}*2 from literal.orders"),
    ("insert", "insert into literal.items (order_id, amount) values (1, {t}), (2,{t})"),
    ("update", "update literal.orders set amount=amount-({t}) where amount<{t}"),
    ("default", "create table literal.{p} (a numeric default {t}, check (a <> {t}))"),
)

# Whole statements. {w}: a word, {n}: a number, {p}: a name for an object. The flag: runnable.
STATEMENTS: tuple[tuple[str, str, bool], ...] = (
    ("comment on", "comment on table literal.orders is 'about {w}'", True),
    ("do", "do $do$ begin perform '{w}'; end $do$", True),
    ("do with a language", "do language plpgsql 'begin perform {n}; end'", True),
    ("function body", "create function literal.{p}() returns text language sql as $f$ select '{w}' $f$", True),
    (
        "function default",
        "create function literal.{p}(a text default '{w}') returns text language sql as 'select a'",
        True,
    ),
    (
        "function with a setting",
        "create function literal.{p}() returns int language sql set a.b to {w} as 'select 1'",
        True,
    ),
    (
        "function with two",
        "create function literal.{p}() returns int language sql set a.b to {w} set c.d = '{w}' as ''",
        False,
    ),
    ("sql body", "create function literal.{p}() returns text begin atomic select '{w}'; select '{w}'; end", True),
    ("procedure call", "call literal.note('{w}')", True),
    ("execute", "prepare {p}(text, int) as select $1, $2; execute {p}('{w}', {n})", True),
    ("execute alone", "execute {p}('{w}', {n}, array['{w}'])", False),
    ("prepare with types", "prepare {p}(text) as insert into literal.orders (name, email) values ($1, '{w}')", True),
    ("password", "create role {p} login password '{w}'", True),
    ("alter password", "alter role literal_role password '{w}' valid until '2030-01-01'", True),
    ("encrypted password", "alter user literal_role encrypted password '{w}'", True),
    ("old create user", "create user {p} password '{w}'", True),
    ("role setting", "alter role literal_role set app.secret = '{w}'", True),
    ("role setting bare", "alter role literal_role set app.secret to {w}", True),
    ("database setting", "alter database postgres set app.secret to {w}", True),
    ("system setting", "alter system set primary_conninfo = 'host=a password={w}'", False),
    ("set", "set app.secret = '{w}'", True),
    ("set bare", "set app.secret to {w}", True),
    ("set local bare", "set local app.secret = {w}", True),
    ("set session list", "set session app.secret to {w}, '{w}', {n}", False),
    ("set quoted name", 'set app.secret to "{w}"', True),
    ("set time zone", "set time zone '{w}'", False),
    ("set names", "set names '{w}'", False),
    ("set_config", "select set_config('app.secret', '{w}', true)", True),
    ("notify", "notify channel, '{w}'", True),
    ("pg_notify", "select pg_notify('channel', '{w}')", True),
    (
        "subscription",
        "create subscription {p} connection 'host=a password={w}' publication p with (connect = false)",
        True,
    ),
    ("alter subscription", "alter subscription {p} connection 'host=a password={w}'", False),
    ("user mapping", "create user mapping for public server literal_server options (user '{w}', password '{w}')", True),
    ("alter user mapping", "alter user mapping for public server {p} options (set password '{w}')", False),
    ("server options", "create server {p} foreign data wrapper literal_wrapper options (host '{w}', port '{n}')", True),
    ("foreign table", "create foreign table literal.{p} (a int) server literal_server options (path '{w}')", True),
    ("import foreign schema", "import foreign schema a from server {p} into b options (token '{w}')", False),
    ("copy from a file", "copy literal.orders from '/tmp/{w}.csv' with (format csv, null '{w}')", False),
    ("copy to a file", "copy literal.orders (id) to '/tmp/{w}' delimiter '{w}' csv", False),
    ("copy program", "copy literal.orders from program 'curl -H token:{w} example'", False),
    ("copy where", "copy literal.orders from stdin where name <> '{w}'", False),
    ("security label", "security label for p on table literal.orders is '{w}'", False),
    ("enum", "create type literal.{p} as enum ('a', '{w}')", True),
    ("alter enum", "alter type literal.{p} add value '{w}' before '{w}'", False),
    ("partition bounds", "create table {p} partition of q for values from ('{w}') to ('{w}')", False),
    ("partition list", "create table {p} partition of q for values in ('{w}', '{w}')", False),
    ("column default", "alter table literal.orders alter column name set default '{w}'", True),
    ("check", "alter table literal.orders add constraint {p} check (name <> '{w}' and amount < {n})", True),
    ("generated", "create table literal.{p} (a text, b text generated always as (a || '{w}') stored)", True),
    ("domain", "create domain literal.{p} as text default '{w}' check (value <> '{w}')", True),
    ("policy", "create policy {p} on literal.orders using (name = '{w}') with check (name = '{w}')", True),
    ("rule", "create rule {p} as on insert to literal.items do also select '{w}'", True),
    ("trigger", "create trigger {p} before insert on literal.orders execute function f('{w}', {n})", False),
    ("sequence", "create sequence literal.{p} start {n} maxvalue 999999999999", True),
    ("tablespace", "create tablespace {p} location '/{w}'", False),
    ("load", "load '{w}'", False),
    ("two phase", "prepare transaction '{w}'", False),
    ("commit prepared", "commit prepared '{w}'", False),
    ("snapshot", "set transaction snapshot '{w}'", False),
    ("explain execute", "explain execute {p}('{w}', {n})", False),
    ("explain insert", "explain (verbose, costs off) insert into literal.orders (name) values ('{w}')", True),
    ("limit", "select id from literal.orders limit {n} offset {n}", True),
    ("fetch first", "select id from literal.orders fetch first {n} rows only", True),
    ("fetch", "declare {p} cursor for select 1; fetch {n} from {p}", True),
    ("merge", "merge into a using b on a.i = b.i and b.s = '{w}' when matched then update set s = '{w}'", False),
    ("table function", 'select * from json_to_recordset(\'[{{"a": "{w}"}}]\') as x(a text)', True),
    ("lateral", "select * from literal.orders o, lateral (select '{w}' || o.name) s", True),
    ("window", "select sum(amount) over (partition by name || '{w}' rows {n} preceding) from literal.orders", True),
    ("tablesample", "select * from literal.orders tablesample system (1) repeatable ({n})", True),
    ("subscript", "select labels[{n}], data['{w}'] from literal.orders", False),
    (
        "json operators",
        "select data->>'{w}' from literal.orders where data @> '{{\"a\": \"{w}\"}}' and data ? '{w}'",
        True,
    ),
    ("at time zone", "select made at time zone interval '{n} seconds' from literal.orders", True),
    (
        "position",
        "select position('{w}' in name), substring(name from '{w}'), overlay(name placing '{w}' from 1)",
        False,
    ),
    ("similar", "select name similar to '{w}' escape '#', name ~ '{w}', name ilike '%{w}%' from literal.orders", True),
    ("no spaces", "select'{w}'as a,id from literal.orders where name='{w}'and id={n}or id in({n},{n})", False),
    ("values", "values ('{w}', {n}), ('{w}', {n})", True),
    ("minus signs", "select 1 -{n}, 2-{n}, 3 - -{n}", True),
    ("dashes in a string", "select '--{w}', 2 -- {w}", True),
    ("line comment", "select id -- {w}\nfrom literal.orders -- {w}", True),
    ("block comment", "/* {w} */ select /* {w} */ id from literal.orders /* '{w} */", True),
    ("nested comment", "select /* a /* {w} */ {w} */ id from literal.orders /*/* '{w}*/ {w}*/", True),
    ("hint", "/*+ SeqScan({w}) */ select id from literal.orders", True),
    ("foreign tag", "select id from literal.orders /* traceparent='{w}',user='{w}' */", True),
    ("quote in a comment", "select id /* it's */ from literal.orders where name = '{w}'", True),
    ("comment sign in a name", 'select 1 as "/*", \'{w}\' as "*/" -- {w}', True),
    ("quote in a name", "select 1 as \"it's\", '{w}' as \"'\"", True),
    ("dollar in a word", "select 1 as a$b$c, '{w}' as d$b$", True),
    ("letter before a quote", "select 1 as e, '{w}' as be, E'\\'{w}' as x", True),
    ("parameters beside", "select $1::text, '{w}', $2::int + {n}", False),
    ("carriage return", "select 1 -- {w}\rfrom literal.orders", False),
    ("cut by nobody, not SQL", "selekt '{w}' from somewhere", False),
    ("password alone", "{w}", False),
    ("password and more", "{w} {w};", False),
    ("password without quotes", "create user a password {w}", False),
    ("name with a quote", "select * from users where name = 'O'{w}' and password = '{w}'", False),
    ("name with a quote, listed", "insert into users values ('O'{w}', '{w}', 1)", False),
    ("quote too many", "select 'a'' , '{w}' from b where c = {n}", False),
    ("backslash, strings not standard", "select 'it\\'{w}', '{w}' from t", False),
    ("backslash at the end", "select '\\', '{w}' , '\\'", False),
    ("other database's comment", "select a from t # {w}", False),
    ("psql", "\\connect 'password={w}'", False),
    ("template not filled", "select * from t where a = '{w}' and b = {{x}} and c = '{w}'", False),
    ("copy data sent as a query", "1\t{w}\t{n}", False),
    ("url", "postgresql://user:{w}@host/db", False),
    ("json sent as a query", '{{"password": "{w}"}}', False),
    ("replication", "START_REPLICATION SLOT \"s\" LOGICAL 0/0 (proto_version '{w}', publication_names '{w}')", False),
    ("backup", "BASE_BACKUP ( LABEL '{w}', PROGRESS, CHECKPOINT 'fast', TARGET_DETAIL '{w}')", False),
    ("autovacuum in name only", "autovacuum: VACUUM 'a'.'{w}'", False),
    ("our own mark in name only", "SELECT (unreadable text {w})", False),
    ("number glued to a word", "select 1{w}, {n}{w} from t", False),
    ("parameter glued to a word", "select $1{w} from t", False),
    ("parameter too high", "select ${n} from t", False),
    ("shortened list in name only", "select a from t where b in ($1 /*, ... {w} */) or a = '{w}'", False),
)


def _fill(template: str, tokens: Tokens) -> tuple[str, tuple[str, ...]]:
    used: list[str] = []
    name = f"p_{tokens.hex()}"
    pieces = template.replace("{p}", name).replace("{{", "\0").replace("}}", "\1")
    while True:
        places = {kind: pieces.find(kind) for kind in ("{w}", "{n}") if kind in pieces}
        if not places:
            return pieces.replace("\0", "{").replace("\1", "}"), tuple(used)
        kind = min(places, key=lambda k: places[k])
        used.append(tokens.word() if kind == "{w}" else tokens.number())
        pieces = pieces.replace(kind, used[-1], 1)


def _place(kind: str, template: str, forms: tuple[Form, ...], tokens: Tokens) -> Iterator[Case]:
    for form, write, everywhere in forms:
        sql, used = template.replace("{p}", f"p_{tokens.hex()}"), []
        while "{t}" in sql:
            literal, token = write(tokens)
            sql = sql.replace("{t}", literal, 1)
            used.append(token)
        runnable = everywhere and "several" not in kind
        yield Case(sql, tuple(used), runnable, f"{form} in {kind}", form, template)


def generate(seed: int = 1) -> list[Case]:
    """Every literal form in every place it can stand in, and every statement that holds values in its own way."""
    tokens = Tokens(seed)
    cases: list[Case] = []
    for kind, template in ANY_PLACES:
        cases += _place(kind, template, (*TEXTS, *NUMBERS, *OTHERS), tokens)
    for kind, template in TEXT_PLACES:
        cases += _place(kind, template, TEXTS, tokens)
    for kind, template in NUMBER_PLACES:
        cases += _place(kind, template, NUMBERS, tokens)
    for kind, template, runnable in STATEMENTS:
        sql, used = _fill(template, tokens)
        cases.append(Case(sql, used, runnable, kind))
    return cases
