"""Refuses every SQL file that does more than look: one SELECT, no lock, no harmful function, no secret.

The text is parsed by PostgreSQL's own parser and the whole tree is walked, so a name is found wherever it stands and
however it is quoted. `functions.toml` says which functions are harmless, and which are refused and why.
Column notation is no way round it: `(x).f` calls a function f of one argument, and so does `x.f` where x has no
column f. What it cannot see: functions behind the operators, casts and views, and functions of the users' own behind
`x.f`, that exist in the monitored database. Its session is therefore read-only as well.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

import pgparse  # type: ignore[import-not-found]

from pgvigil.catalog.errors import CatalogError

LONGEST_SQL = 20_000  # characters; also bounds how deep the parser can be led to recurse
CATALOG = "pg_catalog"

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_STAND_IN = "a name for "  # before a placeholder's name; nobody else writes such an identifier
# Also what Python, but not the server, takes for the end of a line.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_REG_TYPES = frozenset(
    {f"reg{kind}" for kind in ("class", "type", "proc", "procedure", "oper", "operator", "role", "namespace")}
    | {"regconfig", "regdictionary", "regcollation"}
)
_TRUSTED_TYPES = frozenset({CATALOG, "information_schema"})

Node = dict[str, Any]


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


@dataclass(frozen=True, slots=True)
class _Rules:
    harmless: frozenset[str]
    extension: frozenset[str]
    harmful: tuple[tuple[str, tuple[str, ...]], ...]
    columns: frozenset[str]
    secret_relations: frozenset[str]
    secret_partly: frozenset[str]
    secret_beside: frozenset[str]
    secret_columns: frozenset[str]


@cache
def _rules() -> _Rules:
    raw = tomllib.loads((files("pgvigil.catalog") / "functions.toml").read_text("utf-8"))
    return _Rules(
        frozenset(raw["harmless"]["steady"].split()) | frozenset(raw["harmless"]["volatile"].split()),
        frozenset(raw["harmless"]["extension"].split()),
        tuple((rule["does"], tuple(rule["names"].split())) for rule in raw["harmful"]),
        frozenset(raw["harmless"]["columns"].split()),
        frozenset(raw["secret"]["relations"].split()),
        frozenset(raw["secret"]["partly"].split()),
        frozenset(raw["secret"]["beside"].split()),
        frozenset(raw["secret"]["columns"].split()),
    )


@dataclass(slots=True)
class _Walk:
    """One walk over a tree: what was found, and the refusal of what must not be there."""

    where: str
    calls: frozenset[str]
    rules: _Rules = field(default_factory=_rules)
    relations: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    parameters: set[int] = field(default_factory=set)
    ctes: set[str] = field(default_factory=set)
    stand_ins: list[str] = field(default_factory=list)
    whole: set[str] = field(default_factory=set)
    rows: set[str] = field(default_factory=set)
    partly: set[str] = field(default_factory=set)

    def refuse(self, why: str) -> CatalogError:
        return CatalogError(f"{self.where}: {why}")

    def walk(self, root: Node) -> None:
        stack: list[Any] = [root]
        while stack:
            node = stack.pop()
            if isinstance(node, list):
                stack += reversed(node)
            elif isinstance(node, dict):
                for key, value in node.items():
                    self.visit(key, value)
                stack += [value for key, value in reversed(node.items()) if key != "A_Const"]
        self.not_whole()

    def visit(self, key: str, value: Any) -> None:
        if isinstance(value, str) and value.startswith(_STAND_IN):
            self.stand_ins.append(value)
        check = _CHECKS.get(key)
        if check is not None:
            check(self, value)
        elif key.endswith("Stmt") and key != "SelectStmt":
            raise self.refuse(f"it holds {_command(key)}; allowed is exactly one SELECT that only reads")

    def into(self, _: Any) -> None:
        raise self.refuse("it holds SELECT INTO, which creates a table; allowed is a SELECT that only reads")

    def locking(self, value: Any) -> None:
        if value:
            raise self.refuse("it locks rows (FOR UPDATE, FOR SHARE or the like); allowed is a SELECT that only reads")

    def call(self, node: Node) -> None:
        self.function(_names(node["funcname"]))

    def function(self, names: tuple[str, ...]) -> None:
        name = _shown(names)
        self.functions.add(name)
        if names[:-1] in {(), (CATALOG,)} and names[-1] in self.rules.harmless:
            return
        if names[:-1] in {(), (_STAND_IN + "extension_schema",)} and names[-1] in self.rules.extension:
            return
        if does := self.harm(names):
            raise self.refuse(f"the function {name} {does}; a probe only looks, so it is never allowed")
        if names[-1].startswith(_STAND_IN):
            raise self.refuse(f"the function's name {name} is not known before it runs; allowed are functions by name")
        if not {name, names[-1]} & self.calls:
            raise self.refuse(
                f"the function {name} is not among those known to change nothing; allowed are those, and others that "
                f'only look when the probe names them, as in calls = ["{names[-1]}"]'
            )

    def harm(self, names: tuple[str, ...]) -> str | None:
        """What a harmful function does."""
        for does, patterns in self.rules.harmful:
            if any(_matches(names, pattern) for pattern in patterns):
                return does
        return None

    def sample(self, node: Node) -> None:
        self.function(_names(node["method"]))

    def relation(self, node: Node) -> None:
        name = node["relname"]
        if node.get("catalogname"):
            raise self.refuse(f"the relation {name} is named with a database; allowed is schema.name")
        if name.lower() in self.rules.secret_relations:
            raise self.refuse(f"the relation {name} holds secrets or data of the users; allowed is any other")
        self.relations.add(_shown(part for part in (node.get("schemaname"), name) if part))
        if name.lower() in self.rules.secret_partly:
            self.partly.add(name)
            self.rows.add(node.get("alias", {}).get("aliasname", name))
            self.renamed(node)

    def join(self, node: Node) -> None:
        if "alias" in node:
            self.rows.add(node["alias"]["aliasname"])
            self.renamed(node)

    def renamed(self, node: Node) -> None:
        if "colnames" in node.get("alias", {}):
            self.whole.add(node["alias"]["aliasname"] + "(…)")

    def column(self, node: Node) -> None:
        names = _names(node["fields"])
        last = names[-1] if names else "*"
        if last.lower() in self.rules.secret_columns:
            raise self.refuse(f"the column {last} holds secrets or data of the users; allowed is any other")
        if "A_Star" in node["fields"][-1]:
            self.whole.add(".".join((*names, "*")))
        elif len(names) == 1:
            self.whole.add(last)
        elif last not in self.rules.columns and (does := self.harm((last,))):
            raise self.refuse(
                f"{_shown(names)} calls the function {last} where there is no such column, and it {does}; it is never "
                f"allowed, and a column of that name without {_shown(names[:-1])} before it"
            )
        elif last not in self.rules.secret_beside:
            self.whole.add(".".join(names))

    def not_whole(self) -> None:
        """Refuse whole rows of relations that hold a secret in one of their columns."""
        for name in sorted(self.whole if self.partly else ()):
            if name in self.rows or name.endswith(("*", ")")) or ("." in name and name.split(".")[-2] in self.rows):
                raise self.refuse(
                    f"{name} takes whole or renamed rows where {', '.join(sorted(self.partly))} holds secrets in one "
                    f"column; allowed are {', '.join(sorted(self.rules.secret_beside))}, by name"
                )

    def indirection(self, node: Node) -> None:
        names = [step.get("String", {}).get("sval", "*") for step in node["indirection"] if "A_Indices" not in step]
        if names:
            raise self.refuse(
                f"(…).{names[0]} may call a function of that name, such as pg_terminate_backend; it is never allowed: "
                "name the column with its relation, as in a.b, or call the function in FROM"
            )

    def operator(self, node: Node) -> None:
        for key in ("name", "operName", "useOp"):
            names = _names(node.get(key, ()))
            if len(names) > 1 and names[0] != CATALOG:
                raise self.refuse(f"the operator {_shown(names)} has a schema; allowed are those of {CATALOG}")

    def type_name(self, node: Node) -> None:
        names = _names(node.get("names", ()))
        if len(names) > 1 and names[0] not in _TRUSTED_TYPES and not self.calls & {names[-1], ".".join(names)}:
            raise self.refuse(
                f"a cast to the type {_shown(names)} runs its code; allowed are types of {CATALOG}, and those that "
                f'calls names, as in calls = ["{names[-1]}"]'
            )

    def cast(self, node: Node) -> None:
        to = _names(node["typeName"].get("names", ()))[-1:]
        if to and to[0] in _REG_TYPES and not ({"A_Const", "ColumnRef"} & node["arg"].keys()):
            raise self.refuse(
                f"a computed text is cast to {to[0]}, which fails where no such object is; allowed are constants, "
                "columns, and to_regclass() and its kind"
            )

    def parameter(self, node: Node) -> None:
        self.parameters.add(int(node.get("number", 0)))

    def cte(self, node: Node) -> None:
        self.ctes.add(node["ctename"])


_CHECKS: Mapping[str, Callable[[_Walk, Any], None]] = {
    "intoClause": _Walk.into,
    "lockingClause": _Walk.locking,
    "FuncCall": _Walk.call,
    "RangeTableSample": _Walk.sample,
    "RangeVar": _Walk.relation,
    "JoinExpr": _Walk.join,
    "ColumnRef": _Walk.column,
    "A_Indirection": _Walk.indirection,
    "A_Expr": _Walk.operator,
    "SubLink": _Walk.operator,
    "SortBy": _Walk.operator,
    "TypeName": _Walk.type_name,
    "typeName": _Walk.type_name,
    "TypeCast": _Walk.cast,
    "ParamRef": _Walk.parameter,
    "CommonTableExpr": _Walk.cte,
}


def check(sql: str, *, where: str, calls: frozenset[str] = frozenset()) -> Select:
    """Check one SQL file and say what it does. `where` names it in errors; `calls` are functions (and types) beyond
    those known to be harmless that the probe's author vouches for. Raises CatalogError."""
    text = _PLACEHOLDER.sub(lambda found: f'"{_STAND_IN}{found[1]}"', sql)
    statement = _the_one(_parse(text, where), text, where)
    walk = _Walk(where, calls)
    walk.walk(statement)
    if len(walk.stand_ins) != len(_PLACEHOLDER.findall(sql)):
        raise CatalogError(
            f"{where}: a placeholder in braces stands in a string or comment, where it is not quoted; allowed is "
            "where an identifier stands"
        )
    return Select(
        tuple(_output_names(statement["SelectStmt"])),
        frozenset(walk.relations - walk.ctes),
        frozenset(walk.functions),
        frozenset(name.removeprefix(_STAND_IN) for name in walk.stand_ins),
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
    except (RecursionError, UnicodeEncodeError):
        raise CatalogError(f"{where}: it is nested too deeply or not valid text; allowed is less of either") from None
    return tree


def _the_one(tree: list[Node], text: str, where: str) -> Node:
    if len(tree) != 1:
        raise CatalogError(f"{where}: it holds {len(tree)} statements; allowed is exactly one SELECT")
    statement: Node = tree[0]["stmt"]
    (kind,) = statement
    if kind != "SelectStmt":
        raise CatalogError(f"{where}: it is {_command(kind)}; allowed is exactly one SELECT")
    if "valuesLists" in _leftmost(statement["SelectStmt"]):
        raise CatalogError(f"{where}: it is VALUES, whose columns have no names; allowed is exactly one SELECT")
    end = tree[0].get("stmt_location", 0) + tree[0].get("stmt_len", len(text.encode()))
    if text.encode()[end:].strip() not in {b"", b";"}:
        raise CatalogError(f"{where}: a comment stands behind the semicolon; allowed is nothing")
    return statement


def _command(kind: str) -> str:
    words = re.findall(r"[A-Z][a-z]*", kind.removesuffix("Stmt"))
    return " ".join(words).upper()


def _names(nodes: Any) -> tuple[str, ...]:
    return tuple(node["String"]["sval"] for node in nodes if "String" in node)


def _shown(names: Iterable[str]) -> str:
    """A name as it is written in the file."""
    shown = ("{" + name.removeprefix(_STAND_IN) + "}" if name.startswith(_STAND_IN) else name for name in names)
    return ".".join(shown)


def _matches(names: tuple[str, ...], pattern: str) -> bool:
    name = names[-1].lower()
    if "." in pattern:
        name = ".".join(names[-2:]).lower()
    return fnmatchcase(name, pattern)


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
            yield _names(value["funcname"])[-1] if kind == "FuncCall" else "?column?"
