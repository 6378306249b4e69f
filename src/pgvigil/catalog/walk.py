"""The walk over a statement's tree: what it reads, calls and takes, and the refusal of what must not be there."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgvigil.catalog.errors import CatalogError
from pgvigil.catalog.functions import Rules, rules

CATALOG = "pg_catalog"
STAND_IN = "a name for "  # before a placeholder's name; nobody else writes such an identifier

_REG_TYPES = frozenset(
    {f"reg{kind}" for kind in ("class", "type", "proc", "procedure", "oper", "operator", "role", "namespace")}
    | {"regconfig", "regdictionary", "regcollation"}
)
_TRUSTED_TYPES = frozenset({CATALOG, "information_schema"})

Node = dict[str, Any]


@dataclass(slots=True)
class _Walk:
    """One walk over a tree: what was found, and the refusal of what must not be there.

    `partly` are relations that hold a secret beside other columns, `rows` the names by which their rows are known, and
    `whole` what takes rows as a whole, or may.
    """

    where: str
    calls: frozenset[str]
    rules: Rules = field(default_factory=rules)
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
        if isinstance(value, str) and value.startswith(STAND_IN):
            self.stand_ins.append(value)
        check = _CHECKS.get(key)
        if check is not None:
            check(self, value)
        elif key.endswith("Stmt") and key != "SelectStmt":
            raise self.refuse(f"it holds {command(key)}; allowed is exactly one SELECT that only reads")

    def into(self, _: Any) -> None:
        raise self.refuse("it holds SELECT INTO, which creates a table; allowed is a SELECT that only reads")

    def locking(self, value: Any) -> None:
        if value:
            raise self.refuse("it locks rows (FOR UPDATE, FOR SHARE or the like); allowed is a SELECT that only reads")

    def call(self, node: Node) -> None:
        self.function(names_of(node["funcname"]))

    def function(self, names: tuple[str, ...]) -> None:
        name = shown(names)
        self.functions.add(name)
        if names[:-1] in {(), (CATALOG,)} and names[-1] in self.rules.harmless:
            return
        if names[:-1] in {(), (STAND_IN + "extension_schema",)} and names[-1] in self.rules.extension:
            return
        if does := self.rules.harm(names):
            raise self.refuse(f"the function {name} {does}; a probe only looks, so it is never allowed")
        if names[-1].startswith(STAND_IN):
            raise self.refuse(f"the function's name {name} is not known before it runs; allowed are functions by name")
        if not {name, names[-1]} & self.calls:
            raise self.refuse(
                f"the function {name} is not among those known to change nothing; allowed are those, and others that "
                f'only look when the probe names them, as in calls = ["{names[-1]}"]'
            )

    def sample(self, node: Node) -> None:
        self.function(names_of(node["method"]))

    def relation(self, node: Node) -> None:
        name = node["relname"]
        if node.get("catalogname"):
            raise self.refuse(f"the relation {name} is named with a database; allowed is schema.name")
        if name.lower() in self.rules.secret_relations:
            raise self.refuse(f"the relation {name} holds secrets or data of the users; allowed is any other")
        self.relations.add(shown(part for part in (node.get("schemaname"), name) if part))
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
        names = names_of(node["fields"])
        last = names[-1] if names else "*"
        if last.lower() in self.rules.secret_columns:
            raise self.refuse(f"the column {last} holds secrets or data of the users; allowed is any other")
        if "A_Star" in node["fields"][-1]:
            self.whole.add(".".join((*names, "*")))
        elif len(names) == 1:
            self.whole.add(last)
        elif last not in self.rules.columns and (does := self.rules.harm((last,))):
            raise self.refuse(
                f"{shown(names)} calls the function {last} where there is no such column, and it {does}; it is never "
                f"allowed, and a column of that name without {shown(names[:-1])} before it"
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
            names = names_of(node.get(key, ()))
            if len(names) > 1 and names[0] != CATALOG:
                raise self.refuse(f"the operator {shown(names)} has a schema; allowed are those of {CATALOG}")

    def type_name(self, node: Node) -> None:
        names = names_of(node.get("names", ()))
        if len(names) > 1 and names[0] not in _TRUSTED_TYPES and not self.calls & {names[-1], ".".join(names)}:
            raise self.refuse(
                f"a cast to the type {shown(names)} runs its code; allowed are types of {CATALOG}, and those that "
                f'calls names, as in calls = ["{names[-1]}"]'
            )

    def cast(self, node: Node) -> None:
        to = names_of(node["typeName"].get("names", ()))[-1:]
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


def walked(root: Node, *, where: str, calls: frozenset[str]) -> _Walk:
    """What a whole tree holds; raises CatalogError, with `where` at its begin, for what must not be in it."""
    walk = _Walk(where, calls)
    walk.walk(root)
    return walk


def command(kind: str) -> str:
    """A kind of statement as it is written."""
    words = re.findall(r"[A-Z][a-z]*", kind.removesuffix("Stmt"))
    return " ".join(words).upper()


def names_of(nodes: Any) -> tuple[str, ...]:
    """The parts of a name."""
    return tuple(node["String"]["sval"] for node in nodes if "String" in node)


def shown(names: Iterable[str]) -> str:
    """A name as it is written in the file."""
    shown = ("{" + name.removeprefix(STAND_IN) + "}" if name.startswith(STAND_IN) else name for name in names)
    return ".".join(shown)
