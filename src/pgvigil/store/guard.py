"""What a user's query may be: one SELECT over the store's tables, by the engine's own parser.

The engine is locked down as well (no file but the store's, no setting, no extension): this guard is there so that a
refusal is a sentence, and for what the engine has no switch for.
"""

import json
from collections.abc import Iterator
from typing import Any

import duckdb

from pgvigil.store.errors import QueryRefusedError
from pgvigil.store.text import sql as text

TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "json_each", "json_tree", "repeat"})
"""Functions that may stand in FROM; all others read files, settings or the engine's inside, or write."""

REFUSED_FUNCTIONS = frozenset(
    {
        "getenv", "current_setting", "getvariable", "nextval", "currval", "setseed", "write_log", "sleep_ms", "error",
        "json_serialize_sql", "json_deserialize_sql", "json_execute_serialized_sql", "parse_duckdb_log_message",
        "current_query", "stats", "read_text", "read_blob", "glob", "in_search_path",
    }
)  # fmt: skip
"""Functions that may stand nowhere: what they tell is not the store's, or they do something."""

SWELLING = frozenset({"repeat", "lpad", "rpad", "range", "generate_series", "list_resize", "array_resize", "bitstring"})
"""Functions that make one value of any size from a short one, in one go and out of the engine's count: in FROM, where
some of them make rows, they are as good as any other."""

DEEPEST = 900
"""Levels of the parser's tree; a Python may give up a little before, none has to go further."""

_TOO_DEEP = "The query is nested too deeply to be looked at."
_ONLY = "Allowed is exactly one SELECT, WITH or DESCRIBE."
_SCHEMAS = frozenset({"", "main", "information_schema"})
_DATABASES = frozenset({"", "pgvigil"})


def check(cursor: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raise QueryRefusedError unless `sql` is one statement that only reads the store."""
    try:
        # On the locked-down connection: taking an IMPORT DATABASE apart opens a file.
        statements = cursor.extract_statements(sql)
    except (duckdb.Error, UnicodeEncodeError) as error:
        raise QueryRefusedError(f"The query cannot be parsed: {_short(error)} {_ONLY}") from None
    if not statements:
        raise QueryRefusedError(f"There is no statement. {_ONLY}")
    kinds = [statement.type for statement in statements]
    if any(kind != duckdb.StatementType.SELECT for kind in kinds):
        first = next(kind for kind in kinds if kind != duckdb.StatementType.SELECT)
        raise QueryRefusedError(f"The query is or holds a statement of kind {first.name}. {_ONLY}")
    if len(statements) > 1:
        raise QueryRefusedError(f"There are {len(statements)} statements. {_ONLY}")
    for node in _nodes(_tree(cursor, sql)):
        _check_node(node)


def _tree(cursor: duckdb.DuckDBPyConnection, sql: str) -> Any:
    answer = cursor.execute(text("serialize"), [sql]).fetchone()
    try:
        tree = json.loads(answer[0]) if answer else {"error": True}
    except RecursionError:
        raise QueryRefusedError(_TOO_DEEP) from None
    if tree["error"]:
        raise QueryRefusedError(f"The query is no SELECT. {_ONLY}")
    return tree


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    pending = [(tree, 0)]
    while pending:
        node, depth = pending.pop()
        if depth > DEEPEST:
            raise QueryRefusedError(_TOO_DEEP)
        if isinstance(node, dict):
            yield node
            inside = node["function"] if node.get("type") == "TABLE_FUNCTION" else node
            pending.extend((each, depth + 1) for each in inside.values())
        elif isinstance(node, list):
            pending.extend((each, depth + 1) for each in node)


def _check_node(node: dict[str, Any]) -> None:
    kind = node.get("type")
    if kind == "TABLE_FUNCTION":
        _check_table_function(node["function"])
    elif kind == "BASE_TABLE":
        _check_table(node)
    elif kind == "SHOW_REF":
        _check_schema(node)
    name = str(node.get("function_name", "")).lower()
    if name in REFUSED_FUNCTIONS:
        raise QueryRefusedError(f"The function {name} may not be called here.")
    if name in SWELLING:
        where = "; it may stand in FROM" if name in TABLE_FUNCTIONS else ""
        raise QueryRefusedError(f"The function {name} may not be called here: it makes values of any size{where}.")


def _check_table_function(function: dict[str, Any]) -> None:
    name = str(function.get("function_name", "")).lower()
    if name not in TABLE_FUNCTIONS:
        raise QueryRefusedError(
            f"The function {name} may not stand in FROM; allowed there are the store's tables and "
            f"{', '.join(sorted(TABLE_FUNCTIONS))}."
        )


def _check_table(node: dict[str, Any]) -> None:
    _check_schema(node)
    name = str(node["table_name"])
    if any(character in name for character in "/\\.*?:") or name.lower().startswith(("duckdb_", "pragma_", "pg_")):
        raise QueryRefusedError(f"{name!r} is no table of the store. Ask `SHOW TABLES` for those it has.")


def _check_schema(node: dict[str, Any]) -> None:
    schema, database = str(node.get("schema_name", "")), str(node.get("catalog_name", ""))
    if schema.lower() not in _SCHEMAS or database.lower() not in _DATABASES:
        raise QueryRefusedError(f"Only the store's own tables can be asked, not those of {database}{schema}.")


def _short(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") + "."
