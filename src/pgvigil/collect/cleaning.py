"""The one place where values from the server become values that may be kept, each text as its privacy says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pgvigil.catalog.types import Column, Privacy, Query, Type
from pgvigil.collect.layout import Row
from pgvigil.collect.texts import DEFAULT_TAGS, normalise, scrub_setting, tags
from pgvigil.model import PgvigilError, Value

LONGEST_NAME = 200
"""Characters kept of a name."""

_Clean = Callable[[str, Row], Value]

_WHOLE = frozenset({int, type(None)})
_FITS: Mapping[Type, frozenset[type]] = {
    Type.BOOL: frozenset({bool, type(None)}),
    Type.INT4: _WHOLE,
    Type.INT8: _WHOLE,
    Type.OID: _WHOLE,
    Type.FLOAT8: frozenset({float, int, type(None)}),  # the 0 of a sparse column is whole
    Type.TEXT: frozenset({str, type(None)}),
    Type.TIMESTAMPTZ: _WHOLE,
}
"""What the values of a column may be. Anything else was not cleaned as its type says: a jsonb declared as text would
come as a dict, and be kept with every literal in it."""


class WrongColumnsError(PgvigilError):
    """A query did not return the columns that its probe declares; never quotes a value."""


@dataclass(frozen=True, slots=True)
class Cleaner:
    """Cleans the rows of one query, whose `file` has these columns; `steps` are those that hold texts."""

    file: str
    columns: tuple[Column, ...]
    steps: tuple[tuple[int, _Clean], ...]

    def __call__(self, rows: Sequence[Row]) -> list[Row]:
        """The rows as they may be kept; columns beyond the declared ones pass.

        Raises WrongColumnsError where a value is not of the type that its column declares.
        """
        self._check(rows)
        if not self.steps:
            return list(rows)
        return [self._clean(row) for row in rows]

    def _check(self, rows: Sequence[Row]) -> None:
        for column, values in zip(self.columns, zip(*rows, strict=True), strict=False):
            odd = set(map(type, values)) - _FITS[column.type]
            if odd:
                raise WrongColumnsError(
                    f"{self.file} returns values of another type in {column.name} than the declared {column.type};"
                    f" cast it to {column.type} in the SQL."
                )

    def _clean(self, row: Row) -> Row:
        cells = list(row)
        for position, clean in self.steps:
            value = cells[position]
            if isinstance(value, str):
                cells[position] = clean(value, row)
        return tuple(cells)


def cleaner_for(query: Query, *, salt: bytes, allowed_tags: frozenset[str] = DEFAULT_TAGS) -> Cleaner:
    """The cleaner of a query's columns; a text whose privacy nobody declared is not kept."""
    columns = query.columns
    names = [column.name for column in columns]
    named = next((position for position, name in enumerate(names) if name == "name"), None)

    def setting(value: str, row: Row) -> Value:
        name = "" if named is None else row[named]
        return scrub_setting(str(name), value, salt=salt)

    def statement(value: str, _: Row) -> Value:
        return normalise(value, salt=salt).text

    def comment(value: str, _: Row) -> Value:
        return clean_tags(value, allowed_tags)

    cleaners: dict[Privacy | None, _Clean] = {
        Privacy.SQL: statement,
        Privacy.NAME: lambda value, _: clean_name(value),
        Privacy.SETTING: setting,
        Privacy.WORD: lambda value, _: clean_name(value),
        Privacy.TAGS: comment,
        None: lambda _, __: None,
    }
    texts = [(position, column) for position, column in enumerate(columns) if column.type is Type.TEXT]
    return Cleaner(query.file, columns, tuple((position, cleaners[column.privacy]) for position, column in texts))


def clean_name(value: str) -> str:
    """A name without control characters, cut at LONGEST_NAME."""
    return "".join(letter for letter in value[: 4 * LONGEST_NAME] if letter.isprintable())[:LONGEST_NAME]


def clean_tags(comment: str, allowed: frozenset[str]) -> str | None:
    """The allowed tags of a comment's inside as `key=value` in the order of their names, or None."""
    found = tags(f"/*{comment}*/", allowed)
    return " ".join(f"{key}={found[key]}" for key in sorted(found)) or None
