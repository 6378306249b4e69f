"""The reference pages of the probes, the panels and the wait events, made from the catalog.

`python -m pgvigil.catalog.reference` writes docs/reference/probes.md, panels.md and waits.md, with `--check` it only
says which are not up to date.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pgvigil.catalog import panel_page, wait_page
from pgvigil.catalog.checks import major_files
from pgvigil.catalog.loader import load
from pgvigil.catalog.panels import load_panels
from pgvigil.catalog.types import Catalog, Column, Kind, Probe, Requires, Scope, Takes
from pgvigil.catalog.waits import load_waits

PAGE = Path("docs/reference/probes.md")
PANELS_PAGE = Path("docs/reference/panels.md")
WAITS_PAGE = Path("docs/reference/waits.md")
MADE = "<!-- Made by `python -m pgvigil.catalog.reference`; do not edit. -->"

_INTRODUCTION = """\
A probe is one question to the monitored server. It is a folder with `probe.toml` and SQL files; the tables of the
store, their tiers and this page follow from it. A probe `p` is the table `p` of `pgvigil sql` (but for shape `live`,
which is told to whoever looks and not kept), its texts are in the table named here, joined by the key. Beside the
columns below a table has `ts`, `secs`, `target` and `incarnation`, one of counters `uncertain`, and one of samples
`samples`: how many sessions were seen.

Kinds of columns: a **key** tells rows apart; a **counter** grows on the server until it is reset and is kept as the
difference over `secs`; a **gauge** is kept as read; a **state** too, and may name an event that is recorded when it
changes; a **text** is kept once per key, in the table of texts. Coarser tiers keep the sum of a counter, and of the
others what stands under roll-up. What is *steady* is kept where it changed and first in every hour, and is NULL in
between (hours bear it always). Privacy of texts: *name* is kept, cut at 200 characters; *word* is one of
PostgreSQL's own; *sql* loses its literals, *setting* what may be a secret, *tags* all but the allowed tags.

Costs are server CPU per reading, measured on PostgreSQL 18 with 4,900 statements, 60 sessions, 200 tables and 400
indexes (`make bench` measures all of it together).
"""


def page(catalog: Catalog) -> str:
    """The whole page."""
    return "\n".join(_page(catalog)) + "\n"


def _page(catalog: Catalog) -> Iterator[str]:
    yield from ("# Probes", "", MADE, "", _INTRODUCTION)
    for pack in catalog.packs.values():
        probes = [probe for probe in catalog.probes.values() if probe.pack == pack.name]
        yield from (f"## Pack {pack.name}", "", f"{pack.summary}.", "")
        yield from ("| probe | what it is | how often | cost |", "|---|---|---|---|")
        for probe in probes:
            yield f"| [{probe.name}](#{probe.name}) | {probe.summary} | {_rhythm(probe)} | {probe.cost} |"
        for probe in probes:
            yield ""
            yield from _section(probe)


def _section(probe: Probe) -> Iterator[str]:
    yield from (f"### {probe.name}", "", f"{probe.summary}.", "")
    for name, value in _facts(probe):
        yield f"- {name}: {value}"
    yield from (
        "",
        "| column | kind | type | unit | roll-up | PostgreSQL | what it is |",
        "|---|---|---|---|---|---|---|",
    )
    for column in probe.columns.values():
        yield f"| {' | '.join(_cells(column))} |"


def _facts(probe: Probe) -> Iterator[tuple[str, str]]:
    place = "once for the server" if probe.scope is Scope.CLUSTER else "in every database"
    where = "" if probe.role == "any" else f", on a {probe.role} only"
    yield "asked", f"{_rhythm(probe)}, {place}{where}; given up after {_duration(probe.deadline_ms / 1000)}"
    yield "cost", probe.cost
    yield "shape", probe.shape.value
    needs = list(_needs(probe.requires))
    if needs:
        yield "needs", "; ".join(needs)
    if probe.dimension is not None:
        yield "texts", f"in `{probe.dimension}`"
    if probe.changed_by:
        names = ", ".join(f"`{name}`" for name in probe.changed_by)
        keyframe = _duration(probe.keyframe or 0)
        yield "rows", f"those in which one of {names} changed since the reading before; all of them once in {keyframe}"
    if probe.takes is Takes.KEYS:
        yield "rows", f"for values of `{probe.key[0]}` whose text is not known yet"
    for signal in probe.signals.values():
        yield f"signal `{probe.name}.{signal.name}`", signal.help
    yield "SQL", "; ".join(_files(probe))


def _needs(requires: Requires) -> Iterator[str]:
    if requires.extension is not None:
        yield f"the extension {requires.extension}"
    if requires.preload is not None:
        yield f"{requires.preload} in shared_preload_libraries"
    if requires.member_of is not None:
        yield f"the rights of {requires.member_of} (pg_monitor has them)"
    if requires.table is not None:
        yield f"the table {requires.table}, and the right to read it"
    yield from _settings(requires.setting)


def _settings(wanted: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for name, values in wanted.items():
        yield f"{name} = {' or '.join(values)}"


def _files(probe: Probe) -> Iterator[str]:
    for variant in probe.variants:
        columns = ", ".join(f"`{name}`" for name in sorted(variant.needs_columns))
        yield f"`{variant.sql}` where {probe.relation} has {columns}"
    for major, name in major_files(probe).items():
        yield f"`{name}` from PostgreSQL {major}"
    if probe.for_each is not None:
        yield f"`{probe.for_each}` for the objects, at most {probe.for_each_limit}"


def _cells(column: Column) -> Iterator[str]:
    yield f"`{column.name}`"
    event = f", event *{column.event}*" if column.event else ""
    yield f"{column.kind}{', steady' if column.steady else ''}{event}"
    privacy = f" ({column.privacy})" if column.privacy else ""
    yield f"{column.type}{privacy}"
    yield column.unit if column.kind in {Kind.COUNTER, Kind.GAUGE} else ""
    yield column.rollup or ""
    yield _versions(column)
    needed = "; ".join(_settings(column.setting))
    yield f"{column.help} (needs {needed})" if needed else column.help


def _versions(column: Column) -> str:
    if column.since and column.until:
        return f"{column.since} to {column.until}"
    if column.since:
        return f"from {column.since}"
    return f"until {column.until}" if column.until else ""


def _rhythm(probe: Probe) -> str:
    rhythm = "every second" if probe.on_sampler or probe.every is None else f"every {_duration(probe.every)}"
    if not probe.kept:
        return f"{rhythm} while somebody looks"
    when = probe.when
    return rhythm if when is None else f"{rhythm} while {when.signal} {when.operator} {when.value:g}"


def _duration(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds * 1000:g} ms"


def main(arguments: Sequence[str]) -> int:
    """Write the pages below the working directory, or with `--check` compare; 1 if one is not up to date."""
    stale = {path: text for path, text in pages().items() if not _same(path, text)}
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"{path} is not up to date: run python -m pgvigil.catalog.reference\n")
        return 1 if stale else 0
    for path, text in stale.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


def pages() -> Mapping[Path, str]:
    """The generated pages by their path."""
    catalog = load()
    return {
        PAGE: page(catalog),
        PANELS_PAGE: panel_page.page(load_panels(catalog).values(), MADE),
        WAITS_PAGE: wait_page.page(load_waits(), MADE),
    }


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
