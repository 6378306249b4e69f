"""Picks the SQL of a probe for one server, or says why there is none."""

import re
from collections.abc import Callable

from pgvigil.catalog.checks import major_files
from pgvigil.catalog.types import Probe, Query, Role
from pgvigil.model import Capabilities, Invisible

_COMMENT_LINE = re.compile(r"[ \t]*--")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\$[0-9]")


def choose(probe: Probe, capabilities: Capabilities) -> Query | Invisible:
    """The query for this server: the first variant whose columns exist, else the highest NN.sql not above its major."""
    for obstacle in _OBSTACLES:
        found = obstacle(probe, capabilities)
        if found is not None:
            return found
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
        missing=tuple(_missing(probe, capabilities, names)),
    )


def as_sent(sql: str) -> str:
    """The SQL without lines of comment and indentation, which are for the reader of the file: sent each second, those
    of one probe would be a tenth of all that is sent. Left alone where a text may reach over several lines."""
    lines = [line.strip() for line in sql.splitlines() if not _COMMENT_LINE.match(line)]
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


def _missing(probe: Probe, capabilities: Capabilities, names: tuple[str, ...]) -> list[Invisible]:
    extension = probe.requires.extension
    if extension is None:
        return []
    version = capabilities.extensions[extension][1]
    return [
        Invisible(
            f"{probe.name}.{column.name}",
            f"The extension {extension} is at version {version}, which does not count it.",
            _update(probe),
        )
        for column in probe.columns.values()
        if column.name not in names and column.exists_on(capabilities.major)
    ]


def _wrong_role(probe: Probe, capabilities: Capabilities) -> Invisible | None:
    if probe.role is Role.PRIMARY and capabilities.in_recovery:
        return Invisible(probe.name, "It exists on a primary only, and this server is a standby.")
    if probe.role is Role.STANDBY and not capabilities.in_recovery:
        return Invisible(probe.name, "It exists on a standby only, and this server is a primary.")
    return None


def _not_preloaded(probe: Probe, capabilities: Capabilities) -> Invisible | None:
    library, loaded = probe.requires.preload, capabilities.settings.get("shared_preload_libraries")
    if library is None or loaded is None or library in [each.strip(' "') for each in loaded.split(",")]:
        return None
    libraries = ", ".join([each for each in (loaded, library) if each])
    return Invisible(
        probe.name,
        f"The library {library} is not loaded: shared_preload_libraries is {loaded!r}.",
        f"ALTER SYSTEM SET shared_preload_libraries = {libraries};\n-- then restart the server",
    )


def _no_extension(probe: Probe, capabilities: Capabilities) -> Invisible | None:
    extension = probe.requires.extension
    if extension is None or extension in capabilities.extensions:
        return None
    return Invisible(
        probe.name,
        f"The extension {extension} is not installed in the database {capabilities.database}.",
        f"CREATE EXTENSION {extension};",
    )


def _shut(probe: Probe, capabilities: Capabilities) -> Invisible | None:
    extension = probe.requires.extension
    if extension is None or extension not in capabilities.shut:
        return None
    schema, role = (name.replace('"', '""') for name in (capabilities.extensions[extension][0], capabilities.role))
    return Invisible(
        probe.name,
        f"The role {capabilities.role} may not use the schema {schema}, where the extension {extension} is.",
        f'GRANT USAGE ON SCHEMA "{schema}" TO "{role}";',
    )


def _no_rights(probe: Probe, capabilities: Capabilities) -> Invisible | None:
    role = probe.requires.member_of
    if role is None or capabilities.is_superuser or {role, "pg_monitor"} & capabilities.roles:
        return None
    quoted = capabilities.role.replace('"', '""')
    return Invisible(
        probe.name,
        f"The role {capabilities.role} has not the rights of {role}, so it sees nothing of other roles.",
        f'GRANT pg_monitor TO "{quoted}";',
    )


def _wrong_setting(probe: Probe, capabilities: Capabilities) -> Invisible | None:
    for name, fitting in probe.requires.setting.items():
        if name in capabilities.settings and capabilities.settings[name] not in fitting:
            return Invisible(
                probe.name,
                f"The setting {name} is {capabilities.settings[name]!r}; it has to be {' or '.join(fitting)}.",
                f"ALTER SYSTEM SET {name} = '{fitting[0]}';\nSELECT pg_reload_conf();",
            )
    return None


_OBSTACLES: tuple[Callable[[Probe, Capabilities], Invisible | None], ...] = (
    _wrong_role,
    _not_preloaded,
    _no_extension,
    _shut,
    _no_rights,
    _wrong_setting,
)
