"""The configuration as a whole: read from flags, environment and file, checked, and turned into values."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pgvigil.cli.settings import SETTINGS, TARGET_SETTINGS, Setting, SettingError, in_words
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
    watching: bool = True,
) -> Config:
    """The configuration; `flags` by `section.key` (None: not given), `dsns` are targets given on the command line.

    With `watching` False there are no targets: who asks the store needs none. Raises SettingError naming the first
    setting that is unknown or wrong.
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
    _check_tiers(values)
    targets = _targets(dsns, environment, content.get("target", []), str(file)) if watching else ()
    return Config(values, sources, targets)


def _check_tiers(values: Mapping[str, Any]) -> None:
    """A coarser tier is what is left once the finer one is gone, so it must last longer."""
    for finer, coarser in pairwise(("store.keep_raw", "store.keep_1m", "store.keep_1h")):
        if values[coarser] < values[finer]:
            raise SettingError(
                f"{coarser} = {in_words(values[coarser])} is shorter than {finer} = {in_words(values[finer])}; "
                f"allowed: the same or longer. Set {coarser} too."
            )


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
            raise SettingError(f"{file}: [{section}] is not known; {_meant(section, [*SECTIONS, 'target'])}")
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
            raise SettingError(f"{file}: {section}.{key} is not known; {_meant(key, known)}")


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    known = [setting.variable for setting in (*SETTINGS, *TARGET_SETTINGS)]
    for name in environment:
        if name.startswith("PGVIGIL_") and name not in known and name not in NOT_SETTINGS:
            raise SettingError(f"The environment variable {name} is not known; {_meant(name, known)}")


def _meant(word: str, known: Sequence[str]) -> str:
    """The name that may have been meant by an unknown one, where one is near, and all that are allowed.

    What was given under that name is not shown, unlike a wrong value: it may be a secret, as in `passwort = …` or
    `PGVIGIL_STORE_KYE`, and nothing tells which it is.
    """
    close = difflib.get_close_matches(word, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"{hint}allowed are {', '.join(known)}."


def _targets(
    dsns: Sequence[str], environment: Mapping[str, str], entries: Sequence[Mapping[str, Any]], file: str
) -> tuple[TargetConfig, ...]:
    """Targets of the command line, else of the environment, else of the file.

    A single DSN of the command line stands for the environment's alone: its other settings of the target hold.
    """
    given = {s.key: environment[s.variable] for s in TARGET_SETTINGS if environment.get(s.variable)}
    if len(dsns) == 1 or (given and not dsns):
        _check_whole(given, dsns)
        found = [_target({**given, **({"dsn": dsns[0]} if dsns else {})}, "command line" if dsns else "environment")]
    elif dsns:
        _check_none(given, len(dsns))
        found = [_target({"dsn": dsn}, "command line") for dsn in dsns]
    else:
        found = [_target(entry, file) for entry in entries]
    return _distinct(found, explicit=not dsns)


def _check_whole(given: Mapping[str, str], dsns: Sequence[str]) -> None:
    if not dsns and "dsn" not in given:
        raise SettingError(
            f"{_variables(given)} is set without PGVIGIL_TARGET_DSN: the environment tells of one whole server, or of "
            f"none. Set PGVIGIL_TARGET_DSN too, or write {', '.join(given)} into the [[target]] of the file."
        )


def _check_none(given: Mapping[str, str], servers: int) -> None:
    if others := [key for key in given if key != "dsn"]:
        raise SettingError(
            f"{_variables(others)} is for one server, and {servers} are given on the command line. "
            "Write a [[target]] for each into the configuration file."
        )


def _variables(keys: Iterable[str]) -> str:
    return ", ".join(f"PGVIGIL_TARGET_{key.upper()}" for key in keys)


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
    try:
        _host_and_database(dsn.value)
    except ValueError:
        raise SettingError(
            f"{where}: target.dsn = (hidden) cannot be read: its brackets do not fit together; allowed: "
            "postgresql://role:password@[::1]:5432/database, with special characters of a password percent-encoded."
        ) from None


def default_name(dsn: Secret) -> str:
    """The host of `dsn`, or its database where the host is this machine: cleaned to what a name may hold."""
    host, database = _host_and_database(dsn.value)
    if "@" in database:  # the rest of a password that holds a slash, which may not be shown
        database = ""
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
