"""Every setting, in one table: it feeds the configuration file, the environment, the flags and the reference page.

Flags win over the environment, the environment over the file, the file over the default. A setting `key` of section
`section` is `[section] key = …` in the file and `PGVIGIL_SECTION_KEY` in the environment. `env:NAME` and `file:PATH`
stand for a secret kept elsewhere.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR
from typing import Any

from pgvigil.model import PgvigilError, Secret

Raw = Any  # what TOML or the environment gave: checked by the setting's own reader before anybody uses it


class SettingError(PgvigilError):
    """A setting is unknown or wrong; the text names it, its value and what is allowed."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: `read` turns what was given into the value, or raises ValueError."""

    section: str
    key: str
    read: Callable[[Raw], Any]
    default: Any
    allowed: str
    help: str
    secret: bool = False
    flag: str | None = None

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"PGVIGIL_{self.section}_{self.key}".upper()

    @property
    def name(self) -> str:
        """Its name in the file, as `section.key`."""
        return f"{self.section}.{self.key}"

    def parse(self, raw: Raw, where: str) -> Any:
        """The value of `raw`, which came from `where`; a SettingError names the setting, the value, the allowed."""
        try:
            return self.read(raw)
        except ValueError as error:
            shown = "(hidden)" if self.secret else repr(raw)
            reason = f" ({error})" if str(error) else ""
            raise SettingError(f"{where}: {self.name} = {shown}{reason}; allowed: {self.allowed}.") from None


def text(raw: Raw) -> str:
    """A text that is not empty."""
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError
    try:
        raw.encode()
    except UnicodeEncodeError:
        raise ValueError("it is not UTF-8") from None
    return raw


def optional_text(raw: Raw) -> str | None:
    """A text, or None for an empty one."""
    return text(raw) if raw not in (None, "") else None


def secret(raw: Raw) -> Secret | None:
    """A secret given as it is, as `env:NAME`, or as `file:PATH`."""
    value = optional_text(raw)
    if value is None:
        return None
    if value.startswith("env:"):
        return Secret(_from_environment(value[4:]))
    if value.startswith("file:"):
        return Secret(_from_file(Path(value[5:])))
    return Secret(value)


def _from_environment(name: str) -> str:
    found = os.environ.get(name)
    if not found:
        raise ValueError(f"the environment has no {name}")
    return found


def _from_file(path: Path) -> str:
    try:
        found = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error.__class__.__name__}") from None
    if not found:
        raise ValueError(f"{path} is empty")
    return found


def number(low: float, high: float) -> Callable[[Raw], float]:
    """A reader of numbers from `low` to `high`."""

    def read(raw: Raw) -> float:
        if isinstance(raw, bool) or not isinstance(raw, int | float | str):
            raise ValueError
        value = float(raw)
        if not low <= value <= high:
            raise ValueError
        return value

    return read


def cpus(raw: Raw) -> float | None:
    """A number of CPUs, or None where not told."""
    return None if raw in (None, "") else number(0.1, 4096)(raw)


_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(low: float, high: float) -> Callable[[Raw], float]:
    """A reader of durations such as `10s` or `14d`, in seconds, from `low` to `high` seconds."""

    def read(raw: Raw) -> float:
        found = _DURATION.fullmatch(raw.strip()) if isinstance(raw, str) else None
        if found is None:
            raise ValueError
        seconds = float(found[1]) * _SECONDS[found[2]]
        if not low <= seconds <= high:
            raise ValueError
        return seconds

    return read


def in_words(seconds: float) -> str:
    """A duration as it is written: in the greatest unit of which it is a whole number, or in seconds."""
    fitting = (unit for unit in ("d", "h", "m") if seconds % _SECONDS[unit] == 0)
    unit = next(fitting, "s")
    return f"{seconds / _SECONDS[unit]:g}{unit}"


def one_of(*words: str) -> Callable[[Raw], str]:
    """A reader of one of `words`."""

    def read(raw: Raw) -> str:
        if raw not in words:
            raise ValueError
        return str(raw)

    return read


def optional(read: Callable[[Raw], Any]) -> Callable[[Raw], Any]:
    """A reader that lets nothing be None."""
    return lambda raw: None if raw in (None, "") else read(raw)


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the page is served."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def listen(raw: Raw) -> Listen:
    """A loopback address with a port; port 0 takes a free one."""
    found = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})", raw) if isinstance(raw, str) else None
    if found is None or int(found[2]) > 65535:
        raise ValueError
    host = found[1].strip("[]")
    if host not in {"127.0.0.1", "::1", "localhost"}:
        raise ValueError("until sign-in exists pgvigil listens on loopback only; put it behind an SSH tunnel")
    return Listen(host, int(found[2]))


def words(raw: Raw) -> tuple[str, ...]:
    """A list of texts, or one text with commas."""
    parts = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise ValueError
    return tuple(part.strip() for part in parts if part.strip())


def paths(raw: Raw) -> tuple[Path, ...]:
    """A list of directories that exist and may be looked into."""
    found = tuple(Path(word) for word in words(raw))
    for path in found:
        try:
            is_directory = S_ISDIR(path.stat().st_mode)  # is_dir() takes whatever goes wrong for a no from 3.14 on
        except (FileNotFoundError, NotADirectoryError):
            is_directory = False
        except OSError as error:
            raise ValueError(f"{path} cannot be looked at: {error.strerror}") from None
        if not is_directory:
            raise ValueError(f"{path} is not a directory")
        if not os.access(path, os.R_OK | os.X_OK):
            raise ValueError(f"{path} may not be looked into")
    return found


def labels(raw: Raw) -> Mapping[str, str]:
    """A table of texts, or `key=value` pairs with commas."""
    if isinstance(raw, str):
        pairs = [part.split("=", 1) for part in raw.split(",") if part.strip()]
        if any(len(pair) != 2 for pair in pairs):
            raise ValueError
        return {key.strip(): value.strip() for key, value in pairs}
    if not isinstance(raw, dict) or not all(isinstance(value, str) for value in raw.values()):
        raise ValueError
    return dict(raw)


def target_name(raw: Raw) -> str | None:
    """A short name of a target: it becomes part of addresses."""
    if raw in (None, ""):
        return None
    if not isinstance(raw, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", raw):
        raise ValueError
    return raw


SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
DAY = 86_400.0

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "store", "url", optional(text), None, "duckdb:///absolute/path or duckdb://relative/path",
        "Where pgvigil keeps what it saw: one encrypted file. Where the default cannot be written, it is "
        "~/.local/state/pgvigil/pgvigil.db.", flag="--store",
    ),
    Setting(
        "store", "key", secret, None, "any text of 16 characters or more, env:NAME or file:PATH",
        "The key of the store. Without one, a key file beside the store is used, made at first start.", secret=True,
    ),
    Setting(
        "store", "keep_raw", duration(3600, 30 * DAY), 2 * DAY, "1h to 30d",
        "How long readings are kept as they were read, every 10 seconds.",
    ),
    Setting(
        "store", "keep_1m", duration(DAY, 90 * DAY), 14 * DAY, "1d to 90d",
        "How long readings are kept by the minute; at least keep_raw.",
    ),
    Setting(
        "store", "keep_1h", duration(7 * DAY, 3650 * DAY), 400 * DAY, "7d to 3650d",
        "How long readings are kept by the hour, and by the day; at least keep_1m.",
    ),
    Setting(
        "serve", "listen", listen, Listen("127.0.0.1", 8432), "127.0.0.1:PORT, [::1]:PORT or localhost:PORT",
        "Where the page and the API are served.", flag="--listen",
    ),
    Setting(
        "collect", "tags", words,
        ("application", "route", "job", "controller", "action", "framework", "workflow", "queue"),
        "a list of names", "Tags in SQL comments that are kept as a dimension of the load.",
    ),
    Setting(
        "collect", "budget", number(0.01, 100), 0.25, "0.01 to 100 percent of one core",
        "What watching may cost a monitored server; above it the dearest probes are asked less often.",
    ),
    Setting(
        "catalog", "packs", paths, (), "a list of directories, each a pack",
        "Packs of your own: probes beside the shipped ones.",
    ),
    Setting(
        "log", "level", one_of("debug", "info", "warning", "error"), "info", "debug, info, warning or error",
        "How much is logged, to standard error.", flag="--log-level",
    ),
)  # fmt: skip

TARGET_SETTINGS: tuple[Setting, ...] = (
    Setting("target", "dsn", secret, None, "a PostgreSQL URL, env:NAME or file:PATH",
            "The server to watch: postgresql://role:password@host:5432/database.", secret=True),
    Setting("target", "name", target_name, None, "letters, digits, _ . - up to 63 characters",
            "Its short name, on the page and in addresses; by default the host's name, or the database's on loopback."),
    Setting("target", "cpus", cpus, None, "0.1 to 4096",
            "How many CPUs the server has: not visible in SQL, drawn as a line in the load chart."),
    Setting("target", "labels", labels, {}, "a table of texts", "Labels of your own, such as env = \"production\"."),
    Setting("target", "sslmode", optional(one_of(*SSL_MODES)), None, ", ".join(SSL_MODES),
            "TLS towards this server; wins over what the URL says. Use verify-full beyond loopback."),
    Setting("target", "sslrootcert", optional_text, None, "a file, or system",
            "The certificate authority that signed the server's certificate."),
)  # fmt: skip
