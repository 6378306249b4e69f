"""The queries of this package, and what is done to a query's text before it is sent."""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from psycopg import sql

from pgvigil.catalog import identifier
from pgvigil.catalog.types import Column, Query
from pgvigil.model import Capabilities

_PLACEHOLDER = re.compile(r"\{(?:extension_schema|object|object_name)\}")

FINGERPRINT = "pgvigil_fingerprint"
"""The last column that a query wrapped by `wrap_changed` returns."""


@cache
def load(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def compose(query: Query, capabilities: Capabilities, object_name: str | None = None) -> str:
    """The query's SQL with the schema of the extension it requires, and the object it is for as identifier
    (`{object}`) and as text (`{object_name}`). All in one go: a name may itself look like a placeholder."""
    values = {}
    extension = query.probe.requires.extension
    if extension is not None and extension in capabilities.extensions:
        values["{extension_schema}"] = identifier(capabilities.extensions[extension][0])
    if object_name is not None:
        values["{object}"] = identifier(object_name)
        values["{object_name}"] = sql.Literal(object_name).as_string(None)
    return _PLACEHOLDER.sub(lambda found: values.get(found[0], found[0]), query.sql)


def wrap_changed(query: str, key: Sequence[str], changed_by: Sequence[str], columns: Sequence[Column] = ()) -> str:
    """A query that returns of `query` only the rows whose fingerprint is not in `$1::int8[]`, and the fingerprint last.

    The fingerprint is a 64-bit hash, computed by the server, over the columns `key` and `changed_by`; NULLs hash too.
    Of `columns` the sparse ones come as NULL where they are 0.
    """
    hashed = ", ".join(f"q.{identifier(name)}" for name in (*key, *changed_by))
    output = ", ".join((*map(_sent, columns), f"q.{FINGERPRINT}")) if columns else "q.*"
    return (
        load("changed")
        .replace("{output}", output)
        .replace("{columns}", hashed)
        .replace("{query}", query.strip().rstrip(";"))
    )


def _sent(column: Column) -> str:
    name = identifier(column.name)
    return f"nullif(q.{name}, 0) as {name}" if column.sparse else f"q.{name}"


def role_sql(name: str, connection_limit: int = 4) -> str:
    """The SQL that makes a monitoring role with least privilege, to be shown to whoever administers the server."""
    return (
        load("monitoring_role").replace("{role}", identifier(name)).replace("{connection_limit}", f"{connection_limit}")
    )
