"""A table of a TOML file, read key by key: each value is what it should be, or an error says what it should be."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from pgvigil.catalog.errors import CatalogError, read_text, unknown, wrong

E = TypeVar("E", bound=StrEnum)

_DURATION = re.compile(r"([1-9][0-9]{0,5})(ms|s|m|h)")
DURATION = "a number with ms, s, m or h, such as 250ms, 10s, 1m or 1h"
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def read(file: Path) -> "Section":
    """The top table of a file."""
    try:
        return Section(file, tomllib.loads(read_text(file)))
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{file}: not readable as TOML: {error}") from None


def is_name(text: str) -> bool:
    """Whether it is a snake_case name of at most 63 characters, as probes, columns and packs bear."""
    return _NAME.fullmatch(text) is not None


class Section:
    """One table; `path` is how the keys above it are written, such as `columns.calls`."""

    def __init__(self, file: Path, table: Mapping[str, Any], path: str = "") -> None:
        self.file = file
        self.path = path
        self._table = table

    def __contains__(self, key: str) -> bool:
        return key in self._table

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of this table, in the order of the file."""
        return tuple(self._table)

    def name(self, key: str) -> str:
        """A key with those above it."""
        return f"{self.path}.{key}" if self.path else key

    def allow(self, known: Iterable[str]) -> None:
        """Refuse every key that is not one of these."""
        allowed = set(known)
        for key in self._table:
            if key not in allowed:
                raise unknown(self.file, "key", self.name(key), [self.name(each) for each in allowed])

    def wrong(self, key: str, allowed: str) -> CatalogError:
        """The error for the value of a key."""
        return wrong(self.file, self.name(key), self._table.get(key), allowed)

    def missing(self, key: str, allowed: str) -> CatalogError:
        """The error for a key that has to be there."""
        return CatalogError(f"{self.file}: {self.name(key)} is missing; allowed is {allowed}")

    def text(self, key: str) -> str:
        """A text that has to be there and is not empty."""
        if key not in self._table:
            raise self.missing(key, "a text that is not empty")
        value = self._table[key]
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, "a text that is not empty")
        return value

    def maybe_text(self, key: str) -> str | None:
        """A text, or None where the key is absent."""
        return self.text(key) if key in self._table else None

    def one_of(self, key: str, kinds: type[E], default: E | None = None) -> E:
        """A member of an enumeration, written as its value."""
        if key not in self._table and default is not None:
            return default
        allowed = "one of " + ", ".join(kinds)
        if key not in self._table:
            raise self.missing(key, allowed)
        if self.text(key) not in list(kinds):
            raise self.wrong(key, allowed)
        return kinds(self.text(key))

    def seconds(self, key: str) -> float | None:
        """A duration in seconds, written as 250ms, 10s, 1m or 1h; None where the key is absent."""
        if key not in self._table:
            return None
        found = _DURATION.fullmatch(self.text(key))
        if found is None:
            raise self.wrong(key, DURATION)
        return int(found.group(1)) * _SECONDS[found.group(2)]

    def whole(self, key: str, lowest: int, highest: int) -> int | None:
        """A whole number within bounds; None where the key is absent."""
        value = self._table.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            raise self.wrong(key, f"a whole number from {lowest} to {highest}")
        return value

    def number(self, key: str) -> float | None:
        """A number; None where the key is absent."""
        value = self._table.get(key)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self.wrong(key, "a number")
        return float(value)

    def flag(self, key: str) -> bool:
        """True or false; false where the key is absent."""
        value = self._table.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts without doubles; empty where the key is absent."""
        value = self._table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            raise self.wrong(key, "a list of texts")
        if len(set(value)) != len(value):
            raise self.wrong(key, "a list in which nothing stands twice")
        return tuple(value)

    def alternatives(self) -> dict[str, tuple[str, ...]]:
        """Every key of this table with a list of texts that is not empty: values that will do."""
        found = {key: self.texts(key) for key in self.keys}
        for key, values in found.items():
            if not values:
                raise self.wrong(key, "a list of the values that will do, the recommended one first")
        return found

    def section(self, key: str) -> "Section":
        """A table below this one; empty where the key is absent."""
        value = self._table.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, "a table")
        return Section(self.file, value, self.name(key))

    def sections(self, key: str) -> list["Section"]:
        """An array of tables below this one; empty where the key is absent."""
        value = self._table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self.wrong(key, f"tables under [[{self.name(key)}]]")
        return [Section(self.file, each, f"{self.name(key)}[{number}]") for number, each in enumerate(value)]
