"""What `functions.toml` says: which functions are harmless, which never allowed and why, and where secrets are."""

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Rules:
    """`harmful` says of patterns of names what such functions do; the others are names."""

    harmless: frozenset[str]
    extension: frozenset[str]
    harmful: tuple[tuple[str, tuple[str, ...]], ...]
    columns: frozenset[str]
    secret_relations: frozenset[str]
    secret_partly: frozenset[str]
    secret_beside: frozenset[str]
    secret_columns: frozenset[str]

    def harm(self, names: tuple[str, ...]) -> str | None:
        """What a harmful function does."""
        for does, patterns in self.harmful:
            if any(_matches(names, pattern) for pattern in patterns):
                return does
        return None


@cache
def rules() -> Rules:
    """What the file says."""
    raw = tomllib.loads((files("pgvigil.catalog") / "functions.toml").read_text("utf-8"))
    return Rules(
        frozenset(raw["harmless"]["steady"].split()) | frozenset(raw["harmless"]["volatile"].split()),
        frozenset(raw["harmless"]["extension"].split()),
        tuple((rule["does"], tuple(rule["names"].split())) for rule in raw["harmful"]),
        frozenset(raw["harmless"]["columns"].split()),
        frozenset(raw["secret"]["relations"].split()),
        frozenset(raw["secret"]["partly"].split()),
        frozenset(raw["secret"]["beside"].split()),
        frozenset(raw["secret"]["columns"].split()),
    )


def _matches(names: tuple[str, ...], pattern: str) -> bool:
    name = names[-1].lower()
    if "." in pattern:
        name = ".".join(names[-2:]).lower()
    return fnmatchcase(name, pattern)
