"""Picks the SQL of a probe for one server, or says why there is none, and what else cannot be seen there."""

import re
from collections.abc import Callable, Iterator, Mapping

from pgvigil.catalog.checks import major_files
from pgvigil.catalog.quoting import identifier
from pgvigil.catalog.types import Catalog, Probe, Query, Role
from pgvigil.model import Capabilities, Invisible

_COMMENT_LINE = re.compile(r"[ \t]*--")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\$[0-9]")


def choose(probe: Probe, capabilities: Capabilities) -> Query | Invisible:
    """The query for this server: the first variant whose columns exist, else the highest NN.sql not above its major.

    Where several things are in the way, all of them are told, in the order in which they should be put right.
    """
    found = obstacles(probe, capabilities)
    if len(found) == 1:
        return found[0]
    if found:
        remedies = [each.remedy for each in found if each.remedy is not None]
        return Invisible(probe.name, " ".join(each.reason for each in found), "\n".join(remedies) or None)
    file = _file(probe, capabilities)
    if isinstance(file, Invisible):
        return file
    names = probe.returns[file]
    return Query(
        probe=probe,
        file=file,
        sql=as_sent(probe.queries[file]),
        columns=tuple(probe.columns[name] for name in names),
        takes=probe.takes,
        changed_by=tuple(name for name in probe.changed_by if name in names),
        missing=(*_missing(probe, capabilities, names), *_switched_off(probe, capabilities, names)),
    )


def obstacles(probe: Probe, capabilities: Capabilities) -> tuple[Invisible, ...]:
    """What is in the way of the whole probe, each with what removes it."""
    elsewhere = _wrong_role(probe, capabilities) or _absent(probe, capabilities)
    if elsewhere is not None:
        return (elsewhere,)
    return tuple(found for check in _OBSTACLES for found in check(probe, capabilities))


def invisible(catalog: Catalog, capabilities: Capabilities) -> tuple[Invisible, ...]:
    """All that the probes of a catalog could see on a server and do not, as a person should read it: what has one
    reason and one remedy stands together, as in `queries, statements` or `wal.wal_sync_time, wal.wal_write_time`."""
    together: dict[tuple[str, str | None], list[str]] = {}
    for each in _each(catalog, capabilities):
        together.setdefault((each.reason, each.remedy), []).append(each.what)
    return tuple(Invisible(", ".join(names), reason, remedy) for (reason, remedy), names in together.items())


def _each(catalog: Catalog, capabilities: Capabilities) -> Iterator[Invisible]:
    whole: list[Invisible] = []
    parts: list[Invisible] = []
    for probe in catalog.probes.values():
        found = obstacles(probe, capabilities)
        whole += [each for each in found if not each.absent]
        if not found:
            chosen = choose(probe, capabilities)
            if isinstance(chosen, Invisible):
                whole.append(chosen)
            else:
                parts += chosen.missing
    yield from whole
    yield from parts


def as_sent(sql: str) -> str:
    """The SQL without lines of comment and indentation, which are for the reader of the file: sent each second, those
    of one probe would be a tenth of all that is sent. Left alone where a text may reach over several lines."""
    lines = [line.strip(" \t") for line in sql.split("\n") if not _COMMENT_LINE.match(line)]
    bare = [_QUOTED.sub("", line) for line in lines]
    if any(sign in line for line in bare for sign in ("'", '"', "/*", "$")):
        return sql
    return "\n".join(line for line in lines if line)


def _file(probe: Probe, capabilities: Capabilities) -> str | Invisible:
    present = capabilities.columns.get(probe.relation or "", frozenset())
    for variant in probe.variants:
        if variant.needs_columns <= present:
            return variant.sql
    by_major = major_files(probe)
    fitting = [major for major in by_major if major <= capabilities.major]
    if fitting:
        return by_major[max(fitting)]
    if by_major:
        return Invisible(probe.name, f"It came with PostgreSQL {min(by_major)}; this is {capabilities.version}.")
    return Invisible(probe.name, _too_old(probe, capabilities), _update(probe))


def _too_old(probe: Probe, capabilities: Capabilities) -> str:
    lacking = ", ".join(sorted(probe.variants[-1].needs_columns))
    if probe.requires.extension is None:
        return f"{probe.relation} has none of the known forms here; the oldest known has the columns {lacking}."
    version = capabilities.extensions[probe.requires.extension][1]
    return f"The extension {probe.requires.extension} is at version {version}; {probe.relation} lacks {lacking} there."


def _update(probe: Probe) -> str | None:
    extension = probe.requires.extension
    return None if extension is None else f"ALTER EXTENSION {extension} UPDATE;"


def _missing(probe: Probe, capabilities: Capabilities, names: tuple[str, ...]) -> Iterator[Invisible]:
    extension = probe.requires.extension
    if extension is None:
        return
    version = capabilities.extensions[extension][1]
    reason = f"The extension {extension} is at version {version}, which does not count it."
    for column in probe.columns.values():
        if column.name not in names and column.exists_on(capabilities.major):
            yield Invisible(f"{probe.name}.{column.name}", reason, _update(probe))


def _switched_off(probe: Probe, capabilities: Capabilities, names: tuple[str, ...]) -> Iterator[Invisible]:
    for name in names:
        for reason, remedy in _wrong_settings(probe.columns[name].setting, capabilities):
            yield Invisible(f"{probe.name}.{name}", reason, remedy)


def _wrong_role(probe: Probe, capabilities: Capabilities) -> Invisible | None:
    if probe.role is Role.PRIMARY and capabilities.in_recovery:
        return Invisible(probe.name, "It exists on a primary only, and this server is a standby.")
    if probe.role is Role.STANDBY and not capabilities.in_recovery:
        return Invisible(probe.name, "It exists on a standby only, and this server is a primary.")
    return None


def _absent(probe: Probe, capabilities: Capabilities) -> Invisible | None:
    table = probe.requires.table
    if table is None or table in capabilities.tables:
        return None
    return Invisible(probe.name, f"There is no {table} in the database {capabilities.database}.", absent=True)


def _unreadable(probe: Probe, capabilities: Capabilities) -> Iterator[Invisible]:
    table = probe.requires.table
    if table is not None and not capabilities.tables[table]:
        schema, role = identifier(table.split(".")[0]), identifier(capabilities.role)
        yield Invisible(
            probe.name,
            f"The role {capabilities.role} may not read {table}, nor what lies beside it.",
            f"GRANT USAGE ON SCHEMA {schema} TO {role};\n"
            f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};\n"
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO {role};",
        )


def _no_rights(probe: Probe, capabilities: Capabilities) -> Iterator[Invisible]:
    role = probe.requires.member_of
    if role is not None and not capabilities.is_superuser and not {role, "pg_monitor"} & capabilities.roles:
        yield Invisible(
            probe.name,
            f"The role {capabilities.role} is not a member of pg_monitor or {role} and sees nothing of other roles.",
            f"GRANT pg_monitor TO {identifier(capabilities.role)};",
        )


def _not_preloaded(probe: Probe, capabilities: Capabilities) -> Iterator[Invisible]:
    library, loaded = probe.requires.preload, capabilities.settings.get("shared_preload_libraries")
    if library is None or loaded is None:
        return
    libraries = [name for each in loaded.split(",") if (name := each.strip(' "'))]
    if library not in libraries:
        value = ", ".join(identifier(name) for name in (*libraries, library))
        yield Invisible(
            probe.name,
            f"The library {library} is not loaded: shared_preload_libraries is {loaded!r}.",
            f"ALTER SYSTEM SET shared_preload_libraries = {value};\n-- then restart the server",
        )


def _no_extension(probe: Probe, capabilities: Capabilities) -> Iterator[Invisible]:
    extension = probe.requires.extension
    if extension is not None and extension not in capabilities.extensions:
        yield Invisible(
            probe.name,
            f"The extension {extension} is not installed in the database {capabilities.database}.",
            f"CREATE EXTENSION {extension};",
        )


def _shut(probe: Probe, capabilities: Capabilities) -> Iterator[Invisible]:
    extension = probe.requires.extension
    if extension is not None and extension in capabilities.shut:
        schema = capabilities.extensions[extension][0]
        yield Invisible(
            probe.name,
            f"The role {capabilities.role} may not use the schema {schema}, where the extension {extension} is.",
            f"GRANT USAGE ON SCHEMA {identifier(schema)} TO {identifier(capabilities.role)};",
        )


def _wrong_setting(probe: Probe, capabilities: Capabilities) -> Iterator[Invisible]:
    for reason, remedy in _wrong_settings(probe.requires.setting, capabilities):
        yield Invisible(probe.name, reason, remedy)


def _wrong_settings(wanted: Mapping[str, tuple[str, ...]], capabilities: Capabilities) -> Iterator[tuple[str, str]]:
    for name, fitting in wanted.items():
        if name in capabilities.settings and capabilities.settings[name] not in fitting:
            yield (
                f"The setting {name} is {capabilities.settings[name]!r}; it has to be {' or '.join(fitting)}.",
                f"ALTER SYSTEM SET {name} = '{fitting[0]}';\nSELECT pg_reload_conf();",
            )


_OBSTACLES: tuple[Callable[[Probe, Capabilities], Iterator[Invisible]], ...] = (
    _no_rights,
    _not_preloaded,
    _no_extension,
    _shut,
    _unreadable,
    _wrong_setting,
)
