"""What the server calls the roles and databases that it tells of by number."""

from collections.abc import Mapping
from dataclasses import dataclass

from pgvigil.analyse.queries import Reader, text


@dataclass(frozen=True, slots=True)
class Names:
    """By number."""

    roles: Mapping[int, str]
    databases: Mapping[int, str]


def names(reader: Reader, target: int, incarnation: int) -> Names:
    """The names that are known of an incarnation of a target."""
    rows = reader.query(text("names"), {"target": target, "incarnation": incarnation}).rows
    found: dict[str, dict[int, str]] = {"role": {}, "database": {}}
    for kind, number, name in rows:
        found[kind][number] = name
    return Names(found["role"], found["database"])
