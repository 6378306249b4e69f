"""Refuses every SQL file that does more than look: one SELECT, no lock, no harmful function, no secret.

The text is parsed by PostgreSQL's own parser and the whole tree is walked, so a name is found wherever it stands and
however it is quoted. `functions.toml` says which functions are harmless, and which are refused and why.
Column notation is no way round it: `(x).f` calls a function f of one argument, and so does `x.f` where x has no
column f. What it cannot see: functions behind the operators, casts and views, and functions of the users' own behind
`x.f`, that exist in the monitored database. Its session is therefore read-only as well.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pgparse  # type: ignore[import-not-found]

from pgvigil.catalog.errors import CatalogError
from pgvigil.catalog.walk import STAND_IN, Node, command, names_of, walked

LONGEST_SQL = 20_000  # characters; also bounds how deep the parser can be led to recurse

DEEPEST = 900
"""Levels of the parser's tree; a Python may give up a little before, none has to go further."""

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
# Also what Python, but not the server, takes for the end of a line.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Select:
    """What a checked SELECT returns, reads, calls and takes. Names are as written, without quotes.

    `columns` in order, `?column?` where one has no name, `*` as it stands; `functions` and `relations` qualified where
    they were; `placeholders` without braces; `parameters` the numbers of `$n`.
    """

    columns: tuple[str, ...]
    relations: frozenset[str]
    functions: frozenset[str]
    placeholders: frozenset[str]
    parameters: frozenset[int]


def check(sql: str, *, where: str, calls: frozenset[str] = frozenset()) -> Select:
    """Check one SQL file and say what it does. `where` names it in errors; `calls` are functions (and types) beyond
    those known to be harmless that the probe's author vouches for. Raises CatalogError."""
    text = _PLACEHOLDER.sub(lambda found: f'"{STAND_IN}{found[1]}"', sql)
    statement = _the_one(_parse(text, where), text, where)
    walk = walked(statement, where=where, calls=calls)
    if len(walk.stand_ins) != len(_PLACEHOLDER.findall(sql)):
        raise CatalogError(
            f"{where}: a placeholder in braces stands in a string or comment, where it is not quoted; allowed is "
            "where an identifier stands"
        )
    return Select(
        tuple(_output_names(statement["SelectStmt"])),
        frozenset(walk.relations - walk.ctes),
        frozenset(walk.functions),
        frozenset(name.removeprefix(STAND_IN) for name in walk.stand_ins),
        frozenset(walk.parameters),
    )


def _parse(text: str, where: str) -> list[Node]:
    if len(text) > LONGEST_SQL:
        raise CatalogError(f"{where}: it is {len(text)} characters long; allowed are {LONGEST_SQL}")
    if found := _CONTROL.search(text):
        raise CatalogError(
            f"{where}: it holds the control character {found[0]!r}; allowed are none but line breaks and tabs"
        )
    if "\\'" in text:
        raise CatalogError(
            f"{where}: it holds a backslash before a quote, which servers read in two ways; allowed are dollar quotes"
        )
    try:
        tree: list[Node] = pgparse.parse(text)
    except pgparse.PGQueryError as error:
        raise CatalogError(f"{where}: PostgreSQL's parser does not accept it: {error}; allowed is one SELECT") from None
    except UnicodeEncodeError:
        raise CatalogError(f"{where}: it is not valid text; allowed is UTF-8") from None
    except RecursionError:
        raise _too_deep(where) from None
    if _deeper(tree, DEEPEST):
        raise _too_deep(where)
    return tree


def _deeper(tree: list[Node], most: int) -> bool:
    """Whether the tree has more levels than that."""
    level: list[Any] = list(tree)
    for _ in range(most):
        level = [
            inner
            for node in level
            if isinstance(node, dict | list)
            for inner in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return False
    return True


def _too_deep(where: str) -> CatalogError:
    return CatalogError(f"{where}: it is nested too deeply; allowed are {DEEPEST} levels of the parser's tree")


def _the_one(tree: list[Node], text: str, where: str) -> Node:
    if len(tree) != 1:
        raise CatalogError(f"{where}: it holds {len(tree)} statements; allowed is exactly one SELECT")
    statement: Node = tree[0]["stmt"]
    (kind,) = statement
    if kind != "SelectStmt":
        raise CatalogError(f"{where}: it is {command(kind)}; allowed is exactly one SELECT")
    if "valuesLists" in _leftmost(statement["SelectStmt"]):
        raise CatalogError(f"{where}: it is VALUES, whose columns have no names; allowed is exactly one SELECT")
    end = tree[0].get("stmt_location", 0) + tree[0].get("stmt_len", len(text.encode()))
    if text.encode()[end:].strip() not in {b"", b";"}:
        raise CatalogError(f"{where}: a comment stands behind the semicolon; allowed is nothing")
    return statement


def _leftmost(select: Node) -> Node:
    while "larg" in select:
        select = select["larg"]
    return select


def _output_names(select: Node) -> Iterator[str]:
    for target in _leftmost(select).get("targetList", []):
        result = target["ResTarget"]
        (kind,) = result["val"]
        value = result["val"][kind]
        if "name" in result:
            yield result["name"]
        elif kind == "ColumnRef":
            yield value["fields"][-1].get("String", {}).get("sval", "*")
        else:
            yield names_of(value["funcname"])[-1] if kind == "FuncCall" else "?column?"
