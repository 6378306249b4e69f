"""Whether what a probe declares fits together, and with its SQL and the other probes."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pgvigil.catalog.errors import CatalogError, unknown, wrong
from pgvigil.catalog.guard import Select
from pgvigil.catalog.section import is_name
from pgvigil.catalog.types import (
    NEWEST,
    OLDEST,
    STORE_SUFFIXES,
    STORE_TABLES,
    Catalog,
    Kind,
    Privacy,
    Probe,
    Rollup,
    Shape,
    Takes,
    Type,
)

_MAJOR_FILE = re.compile("(" + "|".join(map(str, range(OLDEST, NEWEST + 1))) + r")\.sql")


def check_unique(what: str, named: Sequence[tuple[str, Path]]) -> None:
    """Refuse two of the same name."""
    first: dict[str, Path] = {}
    for name, directory in named:
        if name in first:
            raise CatalogError(f"{directory}: there is a {what} {name} already, in {first[name]}; names are unique")
        first[name] = directory


def check_catalog(catalog: Catalog) -> None:
    """Check what spans several probes: signals, and names of tables."""
    signals = [f"{probe.name}.{name}" for probe in catalog.probes.values() for name in probe.signals]
    tables: dict[str, str] = dict.fromkeys(STORE_TABLES, "the store")
    for probe in catalog.probes.values():
        file = probe.directory / "probe.toml"
        if probe.when is not None and probe.when.signal not in signals:
            raise unknown(file, "signal", probe.when.signal, signals)
        for table in {probe.name, probe.dimension or probe.name}:
            if table in tables:
                raise CatalogError(f"{file}: a table {table} exists already, of {tables[table]}; take another name")
            tables[table] = f"the probe {probe.name}"


def check_declaration(probe: Probe, file: Path) -> None:
    """Check one probe by itself and with the names of its files, but not what is in them."""
    _check_name(file, "the folder's name", probe.name)
    _check_key(probe, file)
    _check_shape(probe, file)
    _check_texts(probe, file)
    _check_changes(probe, file)
    _check_files(probe, file)
    _check_signals(probe, file)


def _check_signals(probe: Probe, file: Path) -> None:
    for signal in probe.signals.values():
        if signal.column not in probe.columns:
            raise unknown(file, f"signals.{signal.name}.column", signal.column, probe.columns)
        if probe.changed_by:
            raise wrong(file, f"signals.{signal.name}", signal.column, "nothing with changed_by: not all rows are told")


def _check_name(file: Path, key: str, name: str) -> None:
    if not is_name(name) or name.endswith(STORE_SUFFIXES):
        raise wrong(
            file, key, name, f"lower-case letters, digits and underscores, and no end in {', '.join(STORE_SUFFIXES)}"
        )


def _check_key(probe: Probe, file: Path) -> None:
    for name in probe.key:
        if name not in probe.columns:
            raise unknown(file, "key", name, probe.columns)
        if probe.columns[name].kind is not Kind.KEY:
            raise wrong(file, f"columns.{name}.kind", probe.columns[name].kind.value, "key: it stands in key")
    for column in probe.columns.values():
        if column.kind is Kind.KEY and column.name not in probe.key:
            raise wrong(file, "key", list(probe.key), f"a list that holds {column.name}, whose kind is key")


def _check_shape(probe: Probe, file: Path) -> None:
    kinds = {column.kind for column in probe.columns.values()}
    if probe.shape is Shape.COUNTERS and Kind.COUNTER not in kinds:
        raise CatalogError(f"{file}: shape is counters, but no column is of kind counter")
    sampled = probe.shape in {Shape.SAMPLES, Shape.LIVE} or (probe.shape is Shape.EDGES and probe.when is not None)
    if probe.on_sampler and not sampled:
        raise wrong(file, "shape", probe.shape.value, "samples, live, or edges with a when, together with on = sampler")
    if probe.shape in {Shape.SAMPLES, Shape.LIVE} and not probe.on_sampler:
        raise wrong(file, "shape", probe.shape.value, "another one without on = sampler")
    if probe.shape is Shape.DIMENSION and kinds != {Kind.KEY, Kind.TEXT}:
        raise CatalogError(f"{file}: shape is dimension, which has columns of kind key and text, and no others")
    averaged = [column.name for column in probe.columns.values() if column.rollup is Rollup.AVG]
    if probe.shape is Shape.SAMPLES and averaged:
        raise wrong(file, f"columns.{averaged[0]}.rollup", "avg", "last, max, min or sum for samples")
    if probe.shape in {Shape.EVENTS, Shape.EDGES, Shape.SAMPLES, Shape.DIMENSION} and not probe.key:
        raise wrong(file, "key", [], f"at least one column for shape {probe.shape}")


def _check_texts(probe: Probe, file: Path) -> None:
    values = [column.name for column in probe.columns.values() if column.privacy is Privacy.SETTING]
    if values and "name" not in probe.columns:
        raise wrong(
            file, f"columns.{values[0]}.privacy", "setting", "setting beside a column name, which says what may be told"
        )
    texts = [column.name for column in probe.columns.values() if column.kind is Kind.TEXT]
    if texts and probe.dimension is None:
        raise CatalogError(f"{file}: dimension is missing; {texts[0]} is of kind text and has to go somewhere")
    if probe.dimension is None:
        return
    if not texts:
        raise wrong(file, "dimension", probe.dimension, "nothing: no column is of kind text")
    if probe.shape is Shape.DIMENSION and probe.dimension != probe.name:
        raise wrong(file, "dimension", probe.dimension, f"{probe.name}: a dimension bears its probe's name")
    _check_name(file, "dimension", probe.dimension)


def _check_changes(probe: Probe, file: Path) -> None:
    for name in probe.changed_by:
        if name not in probe.columns:
            raise unknown(file, "changed_by", name, probe.columns)
        if name in probe.key:
            raise wrong(file, "changed_by", name, "a column that is no key: the key always counts")
    for column in probe.columns.values():
        if column.event and probe.changed_by and column.name not in probe.changed_by:
            raise wrong(
                file, "changed_by", list(probe.changed_by), f"a list that holds {column.name}, which has events"
            )
    if bool(probe.changed_by) != (probe.keyframe is not None):
        raise wrong(file, "keyframe", probe.keyframe, "a duration together with changed_by, and not without")
    sparse = [column.name for column in probe.columns.values() if column.sparse]
    if sparse and not probe.changed_by:
        raise wrong(file, f"columns.{sparse[0]}.sparse", True, "false without changed_by")
    if probe.changed_by and probe.shape not in {Shape.COUNTERS, Shape.SNAPSHOT, Shape.DIMENSION}:
        raise wrong(file, "changed_by", list(probe.changed_by), f"nothing for shape {probe.shape}")
    if probe.takes is Takes.KEYS:
        _check_takes_keys(probe, file)


def _check_takes_keys(probe: Probe, file: Path) -> None:
    if probe.shape is not Shape.DIMENSION or len(probe.key) != 1 or probe.changed_by:
        raise wrong(file, "takes", "keys", "nothing, but for a dimension with one key and without changed_by")
    key = probe.columns[probe.key[0]]
    if key.type not in {Type.INT4, Type.INT8, Type.OID, Type.TEXT}:
        raise wrong(file, f"columns.{key.name}.type", key.type.value, "int4, int8, oid or text")


def _check_files(probe: Probe, file: Path) -> None:
    used = {variant.sql for variant in probe.variants}
    for name in sorted(used):
        if name not in probe.queries:
            raise unknown(file, "variant.sql", name, probe.queries)
    if probe.for_each is not None:
        if probe.for_each not in probe.queries:
            raise unknown(file, "for_each", probe.for_each, probe.queries)
        used.add(probe.for_each)
    if bool(probe.variants) != (probe.relation is not None):
        raise wrong(file, "relation", probe.relation, "the relation whose columns decide, together with [[variant]]")
    if not probe.variants and not major_files(probe):
        raise CatalogError(f"{probe.directory} holds no SQL for any version; a file is named like {OLDEST}.sql")
    for name in probe.queries:
        if name not in used and name not in major_files(probe).values():
            file = probe.directory / name
            raise CatalogError(
                f"{file} is used by nothing; name it after a major, {OLDEST}.sql to {NEWEST}.sql, or in [[variant]]"
            )


def major_files(probe: Probe) -> dict[int, str]:
    """The files that are named after the first major they are for, by that major, in order."""
    named = {variant.sql for variant in probe.variants}
    found = ((major_of(name), name) for name in sorted(probe.queries) if name not in named)
    return {major: name for major, name in found if major is not None}


def major_of(file: str) -> int | None:
    """The major that a file is named after, of those that are supported."""
    found = _MAJOR_FILE.fullmatch(file)
    return None if found is None else int(found.group(1))


def check_sql(probe: Probe, name: str, select: Select) -> None:
    """Check the columns, placeholders and parameters of one SQL file."""
    where = probe.directory / name
    unnamed = [column for column in select.columns if column in {"?column?", "*"}]
    if unnamed:
        raise CatalogError(
            f"{where}: the output column {unnamed[0]} has no name; write each column, with AS if need be"
        )
    if len(set(select.columns)) != len(select.columns):
        raise CatalogError(f"{where}: two output columns have one name; it returns {', '.join(select.columns)}")
    if name == probe.for_each and len(select.columns) != 1:
        raise wrong(where, "the output", list(select.columns), "one column, the names of the objects")
    _check_placeholders(probe, name, select.placeholders)
    wanted = {1} if probe.takes is Takes.KEYS and name != probe.for_each else set()
    if select.parameters != wanted:
        raise wrong(where, "parameters", sorted(select.parameters), f"{sorted(wanted)}, as takes is {probe.takes}")


def _check_placeholders(probe: Probe, name: str, used: frozenset[str]) -> None:
    where = probe.directory / name
    allowed = set() if probe.requires.extension is None else {"extension_schema"}
    if probe.for_each is not None and name != probe.for_each:
        allowed |= {"object", "object_name"}
        if "object" not in used:
            raise CatalogError(f"{where}: for_each is given, but the SQL does not use {{object}}")
    for placeholder in used - allowed:
        raise unknown(where, "placeholder", "{" + placeholder + "}", ["{" + each + "}" for each in allowed])


def check_returned(probe: Probe, file: Path) -> None:
    """Hold the columns that the SQL files return against those declared."""
    files = [name for name in probe.queries if name != probe.for_each]
    for name in files:
        for column in probe.returns[name]:
            if column not in probe.columns:
                raise unknown(probe.directory / name, "column", column, probe.columns)
    for name, column in ((name, column) for name in files for column in probe.key):
        if column not in probe.returns[name]:
            raise CatalogError(f"{probe.directory / name}: the key {column} is not returned")
    for major, name in _majors_served(probe):
        _check_major(probe, major, name)
    returned = {column for name in files for column in probe.returns[name]}
    for column in probe.columns:
        if column not in returned:
            raise CatalogError(f"{file}: columns.{column} is declared, but no SQL file returns it")


def _majors_served(probe: Probe) -> Iterator[tuple[int, str]]:
    by_major = major_files(probe)
    for major in range(OLDEST, NEWEST + 1):
        below = [first for first in by_major if first <= major]
        if below:
            yield major, by_major[max(below)]


def _check_major(probe: Probe, major: int, name: str) -> None:
    returned = probe.returns[name]
    for column in probe.columns.values():
        here = column.exists_on(major)
        if here and column.name not in returned:
            raise CatalogError(
                f"{probe.directory / name}: the column {column.name} is not returned, but declared for {major}; "
                "give it since or until"
            )
        if not here and column.name in returned:
            raise CatalogError(
                f"{probe.directory / name}: the column {column.name} is returned for {major}, but declared "
                f"from {column.since or 'the first'} until {column.until or 'the last'}"
            )
