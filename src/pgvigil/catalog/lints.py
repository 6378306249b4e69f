"""Lints: questions to a server whose every answer is something that somebody should know.

    <pack>/lints/<name>/lint.toml    what it means, what to do, where its threshold comes from
                       /14.sql       and one per later major that changed it

Every SQL file returns the same columns: a stable key, a severity, what it is about, a sentence, and what to do.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pgvigil.catalog import guard
from pgvigil.catalog.checks import major_of
from pgvigil.catalog.errors import CatalogError, read_text, wrong
from pgvigil.catalog.folders import Folder, definitions
from pgvigil.catalog.loader import SHIPPED
from pgvigil.catalog.types import NEWEST, OLDEST, Scope

COLUMNS = ("key", "severity", "subject", "detail", "remedy")
KEYS = ("title", "help", "todo", "source", "scope", "calls")


@dataclass(frozen=True, slots=True)
class Lint:
    """A lint: `queries` maps the first major that a file is for to its SQL; `todo` is for findings without a remedy."""

    name: str
    pack: str
    title: str
    help: str
    todo: str
    source: str
    scope: Scope
    queries: Mapping[int, str]

    def sql(self, major: int) -> str | None:
        """The SQL for a server: the highest not above its major."""
        fitting = [first for first in self.queries if first <= major]
        return self.queries[max(fitting)] if fitting else None


def load_lints(packs: Sequence[Path] = SHIPPED) -> Mapping[str, Lint]:
    """All lints of these packs by name; raises CatalogError at the first thing that is wrong."""
    return {folder.name: _read(folder) for folder in definitions(packs, "lint")}


def _read(folder: Folder) -> Lint:
    section = folder.section
    section.allow(KEYS)
    calls = frozenset(section.texts("calls"))
    return Lint(
        name=folder.name,
        pack=folder.pack,
        title=section.text("title"),
        help=section.text("help"),
        todo=section.text("todo"),
        source=section.text("source"),
        scope=section.one_of("scope", Scope, Scope.CLUSTER),
        queries=dict(_read_queries(folder.directory, calls)),
    )


def _read_queries(directory: Path, calls: frozenset[str]) -> Iterator[tuple[int, str]]:
    files = sorted(directory.glob("*.sql"))
    if not files:
        raise CatalogError(f"{directory} holds no SQL file, such as 14.sql")
    for file in files:
        major = major_of(file.name)
        if major is None:
            allowed = f"the first major it is for, {OLDEST}.sql to {NEWEST}.sql"
            raise wrong(directory, "an SQL file's name", file.name, allowed)
        sql = read_text(file)
        select = guard.check(sql, where=str(file), calls=calls)
        if select.columns != COLUMNS:
            raise wrong(file, "its columns", ", ".join(select.columns), ", ".join(COLUMNS))
        filled = [*sorted("{" + name + "}" for name in select.placeholders), *(f"${n}" for n in select.parameters)]
        if filled:
            raise wrong(file, "what is to be filled in", ", ".join(filled), "nothing: a lint is sent as it is")
        yield major, sql
