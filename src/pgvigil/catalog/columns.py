"""Reads the columns that a probe declares."""

from pgvigil.catalog.errors import CatalogError
from pgvigil.catalog.section import Section, is_name
from pgvigil.catalog.types import Column, Kind, Privacy, Rollup, Shape, Type

RESERVED = ("ts", "secs", "target", "incarnation", "uncertain", "samples", "pgvigil_fingerprint")
"""Names that the store and the fingerprints need for themselves."""

ROLLUPS = {
    Kind.KEY: (),
    Kind.TEXT: (),
    Kind.COUNTER: (Rollup.SUM,),
    # A sum of a gauge is for what is in a reading only while there is some of it, such as sessions of a state.
    Kind.GAUGE: (Rollup.LAST, Rollup.MAX, Rollup.MIN, Rollup.AVG, Rollup.SUM),
    Kind.STATE: (Rollup.LAST, Rollup.MAX, Rollup.MIN),
}
"""What may become of each kind in a coarser tier; the first is what does when nothing is said."""

NUMBERS = (Type.INT4, Type.INT8, Type.FLOAT8)
_KEYS = (
    "kind", "type", "unit", "rollup", "privacy", "since", "until", "event", "sparse", "steady", "derived",
    "requires", "help",
)  # fmt: skip


def read_columns(section: Section, shape: Shape) -> dict[str, Column]:
    """Every column of a probe, checked by itself."""
    columns = {name: _read_column(section.section(name), name) for name in section.keys}
    if not columns:
        raise section.missing("<name>", "a table for each column that the SQL returns, such as [columns.calls]")
    for column in columns.values():
        _check_column(section.section(column.name), column, shape)
    return columns


def _read_column(section: Section, name: str) -> Column:
    section.allow(_KEYS)
    kind = section.one_of("kind", Kind)
    default = ROLLUPS[kind][0] if ROLLUPS[kind] else None
    return Column(
        name=name,
        kind=kind,
        type=section.one_of("type", Type),
        help=section.text("help"),
        unit=section.maybe_text("unit") or "1",
        rollup=section.one_of("rollup", Rollup) if "rollup" in section else default,
        privacy=section.one_of("privacy", Privacy) if "privacy" in section else None,
        since=section.whole("since", 10, 99),
        until=section.whole("until", 10, 99),
        event=section.maybe_text("event"),
        sparse=section.flag("sparse"),
        steady=section.flag("steady"),
        derived=section.flag("derived"),
        setting=_read_setting(section.section("requires")),
    )


def _read_setting(requires: Section) -> dict[str, tuple[str, ...]]:
    requires.allow(("setting",))
    return requires.section("setting").alternatives()


def _check_column(section: Section, column: Column, shape: Shape) -> None:
    if not is_name(column.name):
        raise CatalogError(f"{section.file}: {section.path} is no name of lower-case letters, digits and underscores")
    if column.name in RESERVED:
        raise CatalogError(f"{section.file}: {section.path} is a reserved name; reserved are {', '.join(RESERVED)}")
    _check_kind(section, column, shape)
    _check_privacy(section, column)
    if column.since and column.until and column.since > column.until:
        raise section.wrong("since", f"at most until, which is {column.until}")
    if column.event and column.kind is not Kind.STATE:
        raise section.wrong("event", f"nothing: only a state has events, and this is a {column.kind}")
    if column.event and not is_name(column.event):
        raise section.wrong("event", "a word of lower-case letters, digits and underscores")


def _check_kind(section: Section, column: Column, shape: Shape) -> None:
    if column.kind in {Kind.COUNTER, Kind.GAUGE} and column.type not in NUMBERS:
        raise section.wrong("type", f"one of {', '.join(NUMBERS)} for a {column.kind}")
    if column.kind is Kind.COUNTER and shape is not Shape.COUNTERS:
        raise section.wrong("kind", f"not counter in a probe of shape {shape}: only shape counters keeps differences")
    if column.sparse and column.kind not in {Kind.COUNTER, Kind.GAUGE}:
        raise section.wrong("sparse", f"false for a {column.kind}: only counters and gauges have a zero")
    if column.steady and (column.kind not in {Kind.GAUGE, Kind.STATE} or column.rollup in {Rollup.SUM, Rollup.AVG}):
        raise section.wrong(
            "steady", "false unless it is a gauge or state of which the last, largest or smallest counts"
        )
    if column.derived and (column.kind is not Kind.COUNTER or column.type is not Type.FLOAT8):
        raise section.wrong("derived", "false unless it is a counter of type float8")
    fitting = ROLLUPS[column.kind]
    if column.rollup is not None and column.rollup not in fitting:
        raise section.wrong("rollup", f"{' or '.join(fitting) or 'nothing'} for a {column.kind}")


def _check_privacy(section: Section, column: Column) -> None:
    allowed = ", ".join(Privacy)
    if column.type is Type.TEXT and column.privacy is None:
        raise CatalogError(f"{section.file}: {section.path}.privacy is missing; a text needs one of {allowed}")
    if column.type is not Type.TEXT and column.privacy is not None:
        raise section.wrong("privacy", f"nothing: only a text has it, and this is {column.type}")
