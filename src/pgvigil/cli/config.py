"""The configuration as a whole: read from flags, environment and file, checked, and turned into values."""

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pgvigil.cli.settings import SETTINGS, TARGET_SETTINGS, Setting, SettingError
from pgvigil.model import Secret

SECTIONS = sorted({setting.section for setting in SETTINGS})
NOT_SETTINGS = frozenset({"PGVIGIL_CONFIG", "PGVIGIL_SEED", "PGVIGIL_SKIP_PAGE"})
"""Variables beginning with PGVIGIL_ that are not settings: PGVIGIL_SEED is that of test runs."""


@dataclass(frozen=True, slots=True)
class TargetConfig:
    """A server to watch, before the store gave it a number."""

    name: str
    dsn: Secret
    cpus: float | None
    labels: Mapping[str, str]
    sslmode: str | None
    sslrootcert: str | None


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting's value by `section.key`, where it came from, and the targets."""

    values: Mapping[str, Any]
    sources: Mapping[str, str]
    targets: tuple[TargetConfig, ...]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


def load(
    *,
    file: Path | None,
    environment: Mapping[str, str],
    flags: Mapping[str, str | None] | None = None,
    dsns: Sequence[str] = (),
) -> Config:
    """The configuration; `flags` by `section.key` (None: not given), `dsns` are targets given on the command line.

    Raises SettingError naming the first setting that is unknown or wrong.
    """
    content = _read(file) if file else {}
    _refuse_unknown(content, file)
    _refuse_unknown_variables(environment)
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for setting in SETTINGS:
        values[setting.name], sources[setting.name] = _value(
            setting, (flags or {}).get(setting.name), environment, content.get(setting.section, {}), str(file)
        )
    return Config(values, sources, _targets(dsns, environment, content.get("target", []), str(file)))


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingError(f"The configuration file {file} does not exist.") from None
    except OSError as error:
        raise SettingError(f"The configuration file {file} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"The configuration file {file} is not TOML: {error}.") from None


def _value(
    setting: Setting, flag: str | None, environment: Mapping[str, str], section: Mapping[str, Any], file: str
) -> tuple[Any, str]:
    if flag is not None:
        return setting.parse(flag, setting.flag or "flag"), "flag"
    if environment.get(setting.variable):
        return setting.parse(environment[setting.variable], setting.variable), "environment"
    if setting.key in section:
        return setting.parse(section[setting.key], file), "file"
    return setting.default, "default"


def _refuse_unknown(content: Mapping[str, Any], file: Path | None) -> None:
    for section, body in content.items():
        if section == "target":
            _refuse_unknown_targets(body, file)
            continue
        if section not in SECTIONS:
            raise SettingError(f"{file}: [{section}] is not known; {_nearest(section, [*SECTIONS, 'target'])}")
        if not isinstance(body, dict):
            raise SettingError(f"{file}: {section} = {body!r}; allowed: a table, [{section}].")
        _refuse_unknown_keys(body, section, SETTINGS, file)


def _refuse_unknown_targets(body: Any, file: Path | None) -> None:
    if not isinstance(body, list) or not all(isinstance(entry, dict) for entry in body):
        raise SettingError(f"{file}: target must be written as [[target]], once for each server.")
    for entry in body:
        _refuse_unknown_keys(entry, "target", TARGET_SETTINGS, file)


def _refuse_unknown_keys(body: Mapping[str, Any], section: str, settings: Sequence[Setting], file: Path | None) -> None:
    known = [setting.key for setting in settings if setting.section == section]
    for key in body:
        if key not in known:
            raise SettingError(f"{file}: {section}.{key} is not known; {_nearest(key, known)}")


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    known = [setting.variable for setting in (*SETTINGS, *TARGET_SETTINGS)]
    for name in environment:
        if name.startswith("PGVIGIL_") and name not in known and name not in NOT_SETTINGS:
            raise SettingError(f"The environment variable {name} is not known; {_nearest(name, known)}")


def _nearest(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known are: {', '.join(known)}."


def _targets(
    dsns: Sequence[str], environment: Mapping[str, str], entries: Sequence[Mapping[str, Any]], file: str
) -> tuple[TargetConfig, ...]:
    """Targets of the command line, else of the environment, else of the file."""
    if dsns:
        found = [_target({"dsn": dsn}, "command line") for dsn in dsns]
    elif any(environment.get(setting.variable) for setting in TARGET_SETTINGS):
        given = {s.key: environment[s.variable] for s in TARGET_SETTINGS if environment.get(s.variable)}
        found = [_target(given, "environment")]
    else:
        found = [_target(entry, file) for entry in entries]
    return _distinct(found, explicit=not dsns)


def _target(given: Mapping[str, Any], where: str) -> TargetConfig:
    parsed = {
        setting.key: setting.parse(given[setting.key], where) if setting.key in given else setting.default
        for setting in TARGET_SETTINGS
    }
    if parsed["dsn"] is None:
        name = f" {given['name']}" if given.get("name") else ""
        raise SettingError(f"{where}: target{name} has no dsn; allowed: a PostgreSQL URL, env:NAME or file:PATH.")
    _check_dsn(parsed["dsn"], where)
    return TargetConfig(**{**parsed, "name": parsed["name"] or default_name(parsed["dsn"])})


def _check_dsn(dsn: Secret, where: str) -> None:
    if not re.match(r"(postgres|postgresql)://|\s*\w+\s*=", dsn.value):
        raise SettingError(
            f"{where}: target.dsn = (hidden) is not a PostgreSQL URL; "
            "allowed: postgresql://role:password@host:5432/database, or host=… dbname=…, env:NAME, file:PATH."
        )


def default_name(dsn: Secret) -> str:
    """The host of `dsn`, or its database where the host is this machine: cleaned to what a name may hold."""
    host, database = _host_and_database(dsn.value)
    local = host in {"", "localhost", "127.0.0.1", "::1"} or host.startswith("/")
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", (database if local else host) or "postgres").strip("-.")[:63] or "postgres"


def _host_and_database(dsn: str) -> tuple[str, str]:
    if "://" not in dsn:
        pairs = dict(re.findall(r"(\w+)\s*=\s*'?([^\s']*)", dsn))
        return pairs.get("host", ""), pairs.get("dbname", "")
    place = dsn.split("://", 1)[1].split("?", 1)[0]
    authority, _, path = place.partition("/")
    hosts = authority.rpartition("@")[2].split(",")[0]
    return (urlsplit(f"//{hosts}").hostname or "") if hosts else "", unquote(path)


def _distinct(targets: Sequence[TargetConfig], *, explicit: bool) -> tuple[TargetConfig, ...]:
    """Names are unique: a name given twice in a file is an error, a derived one gets a number."""
    seen: dict[str, int] = {}
    named: list[TargetConfig] = []
    for target in targets:
        count = seen[target.name] = seen.get(target.name, 0) + 1
        if count > 1 and explicit:
            raise SettingError(f"target.name = {target.name!r} is used twice; every target needs a name of its own.")
        suffix = f"-{count}" if count > 1 else ""
        fields = (target.dsn, target.cpus, target.labels, target.sslmode, target.sslrootcert)
        named.append(TargetConfig(target.name + suffix, *fields))
    return tuple(named)
