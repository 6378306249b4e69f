"""Reads packs of definitions from their folders.

    <pack>/pack.toml                     name, summary, what it requires
    <pack>/probes/<name>/probe.toml      one probe; its SQL files beside it

The files are read here, each key as what it should be; `checks` tells whether they fit together.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from pgvigil.catalog import checks, guard
from pgvigil.catalog.choose import as_sent
from pgvigil.catalog.columns import read_columns
from pgvigil.catalog.errors import CatalogError, read_text
from pgvigil.catalog.folders import Folder, folders
from pgvigil.catalog.section import DURATION, Section, is_name, read
from pgvigil.catalog.types import (
    DEADLINES_MS,
    OPERATORS,
    Catalog,
    Condition,
    Pack,
    Probe,
    Requires,
    Role,
    Scope,
    Shape,
    Signal,
    Takes,
    Variant,
)

PACK_FILE = "pack.toml"

_PACK_KEYS = ("name", "summary", "requires")
_PROBE_KEYS = (
    *("summary", "shape", "scope", "role", "every", "on", "when", "deadline", "cost", "requires", "relation"),
    *("keyframe", "key", "changed_by", "dimension", "takes", "for_each", "for_each_limit", "calls", "signals"),
    *("variant", "columns"),
)
_DEADLINES = "one of 100ms, 250ms, 500ms, 1s, 2s, 5s, 10s"
_COMPARED = "|".join(sorted(OPERATORS, key=len, reverse=True))
_CONDITION = re.compile(rf"([a-z0-9_]+\.[a-z0-9_]+) *({_COMPARED}) *(-?[0-9]+(?:\.[0-9]+)?)")


def _shipped() -> tuple[Path, ...]:
    root = Path(str(files("pgvigil.catalog"))) / "packs"
    return tuple(sorted(path for path in root.iterdir() if (path / PACK_FILE).is_file()))


SHIPPED = _shipped()
"""The folders of the packs that come with pgvigil."""


def load(packs: Sequence[Path] = SHIPPED) -> Catalog:
    """Read and check these packs; raises CatalogError at the first thing that is wrong."""
    found = [_read_pack(path) for path in packs]
    checks.check_unique("pack", [(pack.name, pack.directory) for pack in found])
    probes = [_read_probe(folder, pack) for pack in found for folder in folders(pack.directory, "probe")]
    checks.check_unique("probe", [(probe.name, probe.directory) for probe in probes])
    catalog = Catalog(
        probes={probe.name: probe for probe in sorted(probes, key=lambda probe: probe.name)},
        packs={pack.name: pack for pack in found},
    )
    checks.check_catalog(catalog)
    return catalog


def _read_pack(directory: Path) -> Pack:
    if not (directory / PACK_FILE).is_file():
        raise CatalogError(f"{directory} is not a pack: it holds no {PACK_FILE}")
    section = read(directory / PACK_FILE)
    section.allow(_PACK_KEYS)
    name = section.text("name")
    if not is_name(name):
        raise section.wrong("name", "a name of lower-case letters, digits and underscores")
    return Pack(name, section.text("summary"), directory, _read_requires(section))


def _read_probe(folder: Folder, pack: Pack) -> Probe:
    """One probe of a pack, checked by itself."""
    section, directory = folder.section, folder.directory
    section.allow(_PROBE_KEYS)
    probe = _read_declaration(section, directory, pack)
    checks.check_declaration(probe, section.file)
    selects = {name: _guarded(probe, name) for name in probe.queries}
    probe = replace(probe, returns={name: select.columns for name, select in selects.items()})
    for name, select in selects.items():
        checks.check_sql(probe, name, select)
    checks.check_returned(probe, section.file)
    return probe


def _read_declaration(section: Section, directory: Path, pack: Pack) -> Probe:
    shape = section.one_of("shape", Shape)
    return Probe(
        name=directory.name,
        pack=pack.name,
        summary=section.text("summary"),
        shape=shape,
        scope=section.one_of("scope", Scope, Scope.CLUSTER),
        role=section.one_of("role", Role, Role.ANY),
        every=_read_every(section),
        on_sampler=_read_on(section),
        deadline_ms=_read_deadline(section),
        cost=section.text("cost"),
        key=section.texts("key"),
        changed_by=section.texts("changed_by"),
        keyframe=section.seconds("keyframe"),
        columns=read_columns(section.section("columns"), shape),
        variants=tuple(_read_variants(section)),
        queries={path.name: read_text(path) for path in sorted(directory.glob("*.sql"))},
        directory=directory,
        requires=_merged(_read_requires(section), pack.requires),
        relation=section.maybe_text("relation"),
        when=_read_when(section),
        dimension=section.maybe_text("dimension"),
        for_each=section.maybe_text("for_each"),
        for_each_limit=section.whole("for_each_limit", 1, 1000) or 100,
        calls=frozenset(section.texts("calls")),
        takes=section.one_of("takes", Takes, Takes.NOTHING),
        signals=dict(_read_signals(section.section("signals"))),
    )


def _guarded(probe: Probe, name: str) -> guard.Select:
    """What is checked is what is sent; the file's own text as well, for placeholders in what is left out."""
    where, text = str(probe.directory / name), probe.queries[name]
    guard.check(text, where=where, calls=probe.calls)
    return guard.check(as_sent(text), where=where, calls=probe.calls)


def _read_every(section: Section) -> float | None:
    if "every" in section and "on" in section:
        raise section.wrong("every", "nothing beside on: the sampler has its own rhythm")
    if "every" not in section and "on" not in section:
        raise section.missing("every", f'{DURATION}, or on = "sampler"')
    return section.seconds("every")


def _read_on(section: Section) -> bool:
    if section.maybe_text("on") not in {None, "sampler"}:
        raise section.wrong("on", "sampler")
    return "on" in section


def _read_deadline(section: Section) -> int:
    seconds = section.seconds("deadline")
    if seconds is None:
        raise section.missing("deadline", _DEADLINES)
    milliseconds = round(seconds * 1000)
    if milliseconds not in DEADLINES_MS:
        raise section.wrong("deadline", _DEADLINES)
    return milliseconds


def _read_when(section: Section) -> Condition | None:
    text = section.maybe_text("when")
    if text is None:
        return None
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise section.wrong("when", "<probe>.<signal>, then one of " + " ".join(OPERATORS) + ", then a number")
    return Condition(found.group(1), found.group(2), float(found.group(3)))


def _read_requires(section: Section) -> Requires:
    table = section.section("requires")
    table.allow(("extension", "preload", "member_of", "table", "setting"))
    return Requires(
        extension=table.maybe_text("extension"),
        preload=table.maybe_text("preload"),
        member_of=table.maybe_text("member_of"),
        table=_read_table(table),
        setting=table.section("setting").alternatives(),
    )


def _read_table(section: Section) -> str | None:
    name = section.maybe_text("table")
    if name is not None and name.count(".") != 1:
        raise section.wrong("table", "a table with its schema, as in pgmq.meta")
    return name


def _merged(own: Requires, packs: Requires) -> Requires:
    return Requires(
        extension=own.extension or packs.extension,
        preload=own.preload or packs.preload,
        member_of=own.member_of or packs.member_of,
        table=own.table or packs.table,
        setting={**packs.setting, **own.setting},
    )


def _read_variants(section: Section) -> Iterator[Variant]:
    for table in section.sections("variant"):
        table.allow(("sql", "needs_columns"))
        needs = table.texts("needs_columns")
        if not needs:
            raise table.missing("needs_columns", "a list of columns of the relation")
        yield Variant(table.text("sql"), frozenset(needs))


def _read_signals(section: Section) -> Iterator[tuple[str, Signal]]:
    for name in section.keys:
        table = section.section(name)
        table.allow(("column", "values", "help"))
        values = table.texts("values")
        if not values:
            raise table.missing("values", "a list of the column's values that count")
        yield name, Signal(name, table.text("column"), frozenset(values), table.text("help"))
