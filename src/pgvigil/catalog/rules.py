"""Rules: questions to the store whose every answer is something that somebody should know now.

    <pack>/rules/<name>/rule.toml    what it says, from which value on, what it means, what to do
                       /rule.sql     over the store; its `value` is held against the thresholds

The SQL is the store's, over the relations of the probes that the rule needs: `{locks}` is what was read of `locks` in
the `window` before `$now`, `{locks_before}` what was read in the time `before` that; `{passes}` is there for all. It
returns `key`, which stays the same while it is the same thing, `value`, and whatever the sentences tell. It is asked
with `$target`, `$now`, `$since` (both in microseconds) and `$cpus`.
"""

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pgvigil.catalog.errors import read_text, unknown, wrong
from pgvigil.catalog.folders import Folder, definitions
from pgvigil.catalog.loader import SHIPPED
from pgvigil.catalog.section import Section
from pgvigil.catalog.sentences import fields
from pgvigil.catalog.types import Catalog
from pgvigil.model import Severity

SQL_FILE = "rule.sql"
BEFORE = "_before"
KEYS = (
    *("title", "headline", "details", "todo", "page", "rank", "window", "before", "probes", "of", "explains"),
    *("info", "warning", "critical", "means", "causes", "source"),
)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. `thresholds` are the least values by severity; of two subjects equally bad the one of the lower `rank` is
    told first, and what one `explains` comes behind it however bad it is. `window` and `before` in seconds, the latter
    0 where nothing is compared with before; `headline`, `details` and `todo` are sentences (see `sentences`). What it
    finds are rows `of` a probe: where none were read in the window it finds nothing, so that it need not be asked."""

    name: str
    pack: str
    title: str
    headline: str
    details: tuple[str, ...]
    todo: str
    page: str
    rank: int
    window: float
    before: float
    probes: tuple[str, ...]
    of: str | None
    explains: tuple[str, ...]
    thresholds: Mapping[Severity, float]
    means: str
    causes: tuple[str, ...]
    source: str
    sql: str
    directory: Path

    def severity(self, value: float) -> Severity | None:
        """How bad a value is; None where it is nothing to speak of."""
        reached = [severity for severity, least in self.thresholds.items() if value >= least]
        return max(reached, default=None)


def load_rules(catalog: Catalog, packs: Sequence[Path] = SHIPPED) -> Mapping[str, Rule]:
    """All rules of these packs by name; raises CatalogError at the first thing that is wrong."""
    found = {folder.name: _read(folder, catalog) for folder in definitions(packs, "rule")}
    for rule in found.values():
        for name in rule.explains:
            if name not in found:
                raise unknown(rule.directory / "rule.toml", "rule", name, found)
    return found


def _read(folder: Folder, catalog: Catalog) -> Rule:
    section, directory = folder.section, folder.directory
    section.allow(KEYS)
    probes = section.texts("probes")
    for probe in probes:
        if probe not in catalog.probes:
            raise unknown(section.file, "probe", probe, catalog.probes)
    return Rule(
        name=folder.name,
        pack=folder.pack,
        title=section.text("title"),
        headline=_sentence(section, "headline", section.text("headline")),
        details=tuple(_sentence(section, "details", each) for each in section.texts("details")),
        todo=_sentence(section, "todo", section.text("todo")),
        page=section.text("page"),
        rank=section.whole("rank", 1, 1_000) or 500,
        window=section.seconds("window") or 60.0,
        before=section.seconds("before") or 0.0,
        probes=probes,
        of=_of(section, probes),
        explains=section.texts("explains"),
        thresholds=dict(_thresholds(section)),
        means=section.text("means"),
        causes=section.texts("causes"),
        source=section.text("source"),
        sql=_read_sql(directory / SQL_FILE, probes, "before" in section),
        directory=directory,
    )


def _of(section: Section, probes: Sequence[str]) -> str | None:
    found = section.maybe_text("of")
    if found is not None and found not in probes:
        raise section.wrong("of", f"one of its probes: {', '.join(probes)}")
    return found


def _sentence(section: Section, key: str, template: str) -> str:
    try:
        fields(template)
    except ValueError as error:
        raise wrong(section.file, section.name(key), template, f"a sentence whose fields are known: {error}") from None
    return template


def _thresholds(section: Section) -> Iterator[tuple[Severity, float]]:
    found = [(severity, section.number(severity.name.lower())) for severity in Severity]
    given = [(severity, value) for severity, value in found if value is not None]
    if not given:
        raise section.missing("warning", "a number; info and critical may stand beside it")
    values = [value for _, value in given]
    if values != sorted(values):
        raise section.wrong(given[-1][0].name.lower(), "a number not below that of what is less bad")
    yield from given


def _read_sql(file: Path, probes: Sequence[str], compares: bool) -> str:
    text = read_text(file)
    known = ["passes", *probes, *(f"{probe}{BEFORE}" for probe in probes if compares)]
    for _, name, _, _ in string.Formatter().parse(text):
        if name is not None and name not in known:
            raise unknown(file, "relation", name, known)
    return text
