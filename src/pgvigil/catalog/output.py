"""The names of the columns that a query returns."""

from typing import Any

import pgparse  # type: ignore[import-not-found]

from pgvigil.catalog.errors import CatalogError


def output_columns(sql: str, *, where: str) -> tuple[str, ...]:
    """Names of the output columns, in order; raises CatalogError where one has none."""
    text = sql.replace("{extension_schema}", "extension_schema").replace("{object}", "object_name")
    try:
        tree = pgparse.parse(text)
    except pgparse.PGQueryError as error:
        raise CatalogError(f"{where}: not readable as SQL: {error}") from None
    if len(tree) != 1 or "SelectStmt" not in tree[0]["stmt"]:
        raise CatalogError(f"{where}: allowed is exactly one SELECT")
    targets = tree[0]["stmt"]["SelectStmt"].get("targetList", [])
    return tuple(_name(target["ResTarget"], where) for target in targets)


def _name(target: dict[str, Any], where: str) -> str:
    if "name" in target:
        return str(target["name"])
    fields = target["val"].get("ColumnRef", {}).get("fields", [{}])
    if "String" not in fields[-1]:
        raise CatalogError(f"{where}: an output column has no name; give it one with AS, and write no *")
    return str(fields[-1]["String"]["sval"])
