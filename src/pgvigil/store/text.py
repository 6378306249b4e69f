"""Writing SQL: the files of `sql/`, identifiers and literals."""

from functools import cache
from importlib.resources import files


@cache
def _file(name: str) -> str:
    return (files("pgvigil.store") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def sql(name: str, **parts: str) -> str:
    """The text of `sql/<name>.sql` with `parts`, which are SQL themselves, put in for its {placeholders}."""
    text = _file(name)
    return text.format(**parts) if parts else text


def ident(name: str) -> str:
    """An identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a literal; a zero byte, which no literal can hold and PostgreSQL's texts never do, is left out."""
    return "'" + text.replace("'", "''").replace("\0", "") + "'"


def moment(micros: int) -> str:
    """A moment, in microseconds since the epoch, as a constant that the planner can prune by."""
    return f"make_timestamp({micros})"


def second(micros: int) -> str:
    """The second that a moment lies in, as a constant of the type of coarser tiers."""
    return f"make_timestamp({micros // 1_000_000 * 1_000_000})::TIMESTAMP_S"
