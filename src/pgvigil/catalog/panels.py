"""Panels: what a page shows, with every word it says about it.

    <pack>/panels/<name>/panel.toml    title, reason, unit, meaning, causes, what to do, where it comes from
                        /panel.sql     over the store, for all that is drawn over time and not `carried`

The SQL is the store's, over the relations of the probes that the panel reads: `{databases}` is what was read of
`databases` in the span; `{passes}` is there for all. It is asked with `$target`, `$since`, `$until` (a row belongs to a
span if its ts is after the one and not after the other), `$step` and `$origin` (all in microseconds), and returns
`step` (from 1), `series`, `numerator`, `denominator` and `uncertain`: a value is the sum of the one over the sum of the
other, so that it is the same of whatever rows it is added up. A step of which nothing was read has no row.

A panel that is `carried` has no SQL: its numbers come with the answer that its page asks for anyway.
"""

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pgvigil.catalog.errors import CatalogError, read_text, unknown
from pgvigil.catalog.folders import Folder, definitions
from pgvigil.catalog.loader import SHIPPED
from pgvigil.catalog.section import Section, is_name
from pgvigil.catalog.types import Catalog

SQL_FILE = "panel.sql"
COLUMNS = ("step", "series", "numerator", "denominator", "uncertain")
PARAMETERS = ("target", "since", "until", "step", "origin")
WORDS = ("title", "why", "page", "order", "kind", "means", "causes", "todo", "source", "computed")
DRAWN = ("unit", "better", "probes", "also", "series", "limit", "tile", "at_least", "close_up", "carried")


class PanelKind(StrEnum):
    """How a panel is drawn: layers on top of each other, lines, or a table by a component of its own."""

    STACKED = "stacked"
    LINES = "lines"
    TABLE = "table"


class Unit(StrEnum):
    """What a number counts; the page decides on the prefix and the digits."""

    COUNT = "count"
    SESSIONS = "sessions"
    PER_SECOND = "per_second"
    PER_HOUR = "per_hour"
    SECONDS = "seconds"
    RATIO = "ratio"  # 0..1, shown in per cent
    BYTES = "bytes"
    BYTES_PER_SECOND = "bytes_per_second"


class Better(StrEnum):
    """In which direction a number improves."""

    LOWER = "lower"
    HIGHER = "higher"
    NONE = "none"


class Colour(StrEnum):
    """The colours that the page has names for: those of the wait classes, and a few that mean nothing else."""

    ACCENT = "accent"
    SOFT = "soft"
    WARN = "warn"
    CPU = "cpu"
    IO = "io"
    LOCK = "lock"
    LWLOCK = "lwlock"
    CLIENT = "client"
    IPC = "ipc"
    TIMEOUT = "timeout"
    OTHER = "other"
    SLICE1 = "slice1"  # these eight tell apart what has no colour of its own
    SLICE2 = "slice2"
    SLICE3 = "slice3"
    SLICE4 = "slice4"
    SLICE5 = "slice5"
    SLICE6 = "slice6"
    SLICE7 = "slice7"
    SLICE8 = "slice8"


@dataclass(frozen=True, slots=True)
class Series:
    """A layer or a line of a panel."""

    key: str
    title: str
    help: str
    colour: Colour


@dataclass(frozen=True, slots=True)
class Limit:
    """The line of a panel, in its unit: the CPUs of the target, or a setting less other settings."""

    title: str
    cpus: bool
    setting: str | None
    less: tuple[str, ...]

    def value(self, cpus: float | None, settings: Mapping[str, str]) -> float | None:
        """Where the line is, with the CPUs of the target and the settings of its server; None where not known."""
        if self.cpus:
            return cpus
        if self.setting is None or self.setting not in settings:
            return None
        return float(settings[self.setting]) - sum(float(settings.get(name, 0)) for name in self.less)


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn over time. `probes` have to be visible, `also` is read where it is; `tile` is the title of the
    panel's one number, None where it has none; the axis ends at `at_least` or above, and begins near the least value
    where it is a `close_up`, else at 0. `sql` is empty where it is carried."""

    unit: Unit
    better: Better
    probes: tuple[str, ...]
    also: tuple[str, ...]
    series: tuple[Series, ...]
    limit: Limit | None
    tile: str | None
    at_least: float
    close_up: bool
    sql: str

    @property
    def read(self) -> tuple[str, ...]:
        """Every series of the store that the SQL may read."""
        return ("passes", *self.probes, *self.also)


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel: its words, and what is drawn, None where it is a table. Panels of a `page` stand by their `order`."""

    name: str
    pack: str
    title: str
    why: str
    page: str
    order: int
    kind: PanelKind
    means: str
    causes: tuple[str, ...]
    todo: str
    source: tuple[str, ...]
    computed: str
    drawing: Drawing | None
    directory: Path

    @property
    def asked(self) -> Drawing | None:
        """What is drawn from SQL of its own; None where it is a table, or carried."""
        return self.drawing if self.drawing is not None and self.drawing.sql else None


def load_panels(catalog: Catalog, packs: Sequence[Path] = SHIPPED) -> Mapping[str, Panel]:
    """All panels of these packs by name, in the order of their pages; raises CatalogError at the first wrong one."""
    found = {folder.name: _read(folder, catalog) for folder in definitions(packs, "panel")}
    ordered = sorted(found.values(), key=lambda panel: (panel.page, panel.order, panel.name))
    return {panel.name: panel for panel in ordered}


def _read(folder: Folder, catalog: Catalog) -> Panel:
    section, directory = folder.section, folder.directory
    kind = section.one_of("kind", PanelKind)
    section.allow(WORDS if kind is PanelKind.TABLE else (*WORDS, *DRAWN))
    return Panel(
        name=folder.name,
        pack=folder.pack,
        title=section.text("title"),
        why=section.text("why"),
        page=section.text("page"),
        order=section.whole("order", 1, 1_000) or 500,
        kind=kind,
        means=section.text("means"),
        causes=_some(section, "causes"),
        todo=section.text("todo"),
        source=_some(section, "source"),
        computed=section.text("computed"),
        drawing=None if kind is PanelKind.TABLE else _drawing(section, kind, catalog),
        directory=directory,
    )


def _some(section: Section, key: str) -> tuple[str, ...]:
    found = section.texts(key)
    if not found:
        raise section.missing(key, "a list of texts that is not empty")
    return found


def _drawing(section: Section, kind: PanelKind, catalog: Catalog) -> Drawing:
    probes, also = section.texts("probes"), section.texts("also")
    for probe in (*probes, *also):
        if probe not in catalog.probes:
            raise unknown(section.file, "probe", probe, catalog.probes)
    series = tuple(_series(section))
    if "tile" in section and kind is PanelKind.LINES and len(series) > 1:
        raise CatalogError(f"{section.file}: tile is one number, which several lines are not; allowed is one series")
    return Drawing(
        unit=section.one_of("unit", Unit),
        better=section.one_of("better", Better),
        probes=probes,
        also=also,
        series=series,
        limit=_limit(section.section("limit")) if "limit" in section else None,
        tile=_tile(section),
        at_least=section.number("at_least") or 0.0,
        close_up=section.flag("close_up"),
        sql="" if section.flag("carried") else _read_sql(section.file.with_name(SQL_FILE), ("passes", *probes, *also)),
    )


def _series(section: Section) -> Iterator[Series]:
    tables = section.sections("series")
    if not tables:
        raise section.missing("series", "at least one table under [[series]]")
    keys: list[str] = []
    for each in tables:
        each.allow(("key", "title", "help", "colour"))
        key = each.text("key")
        if not is_name(key) or key in keys:
            raise each.wrong("key", "a name of lower-case letters, digits and underscores that no other series has")
        keys.append(key)
        alone = Colour.ACCENT if len(tables) == 1 else None
        yield Series(key, each.text("title"), each.text("help"), each.one_of("colour", Colour, alone))


def _limit(section: Section) -> Limit:
    section.allow(("title", "cpus", "setting", "less"))
    found = Limit(section.text("title"), section.flag("cpus"), section.maybe_text("setting"), section.texts("less"))
    if found.cpus is (found.setting is not None):
        raise section.missing("setting", "the name of a setting, or cpus = true instead of it")
    return found


def _tile(section: Section) -> str | None:
    if "tile" not in section:
        return None
    tile = section.section("tile")
    tile.allow(("title",))
    return tile.maybe_text("title") or section.text("title")


def _read_sql(file: Path, relations: Sequence[str]) -> str:
    text = read_text(file)
    for _, name, _, _ in string.Formatter().parse(text):
        if name is not None and name not in relations:
            raise unknown(file, "relation", name, relations)
    for name in re.findall(r"\$(\w+)", text):
        if name not in PARAMETERS:
            raise unknown(file, "parameter", name, PARAMETERS)
    return text
