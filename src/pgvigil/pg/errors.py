"""Why no session came about, in sentences for the user."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from pgvigil.model import Condition, PgvigilError


class ConnectError(PgvigilError):
    """No session: UNREACHABLE where nothing answered, REFUSED where the answer was no; never holds a secret.

    `unrouted` says that no packet came back at all. `logged` is its text for a log, which names no host, user or
    database: the file is not encrypted.
    """

    def __init__(
        self, condition: Condition, cause: str, remedy: str = "", *, unrouted: bool = False, logged: str = ""
    ) -> None:
        super().__init__(f"{cause} {remedy}".strip())
        self.condition = condition
        self.cause = cause
        self.remedy = remedy
        self.unrouted = unrouted
        self.logged = logged or str(self)


@dataclass(frozen=True, slots=True)
class Place:
    """Whom we tried to reach, as far as it may be shown."""

    host: str
    port: str
    user: str
    database: str


# The server's own words may quote any of them.
_UNLOGGED = {
    "host": "(host)",
    "user": "(user)",
    "database": "(database)",
    "answer": "(told on the page and by pgvigil check)",
}


@dataclass(frozen=True, slots=True)
class _Explanation:
    condition: Condition
    cause: str
    remedy: str
    unrouted: bool

    def error(self, place: Place, words: Mapping[str, str]) -> ConnectError:
        texts = {**asdict(place), **words}
        quiet = {name: _UNLOGGED.get(name, text) for name, text in texts.items()}
        cause, remedy = self.cause.format_map(texts), self.remedy.format_map(texts)
        logged = f"{self.cause} {self.remedy}".strip().format_map(quiet)
        return ConnectError(self.condition, cause, remedy, unrouted=self.unrouted, logged=logged)


def explain(message: str, place: Place) -> ConnectError:
    """The error for what the driver said of a failed attempt: the first entry of refusals.toml that fits."""
    for pattern, explanation in _by_pattern():
        if found := pattern.search(message):
            return explanation.error(place, found.groupdict(""))
    raise LookupError(message)


def named(name: str, place: Place, **words: str) -> ConnectError:
    """The error of refusals.toml that has this name: where the driver said nothing."""
    return _by_name()[name].error(place, words)


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("refusals.toml").read_text(encoding="utf-8"))


def _explanation(entry: Mapping[str, Any]) -> _Explanation:
    return _Explanation(
        Condition(entry["condition"]), entry["cause"], entry["remedy"], unrouted=entry.get("unrouted", False)
    )


@cache
def _by_pattern() -> tuple[tuple[re.Pattern[str], _Explanation], ...]:
    return tuple((re.compile(entry["pattern"]), _explanation(entry)) for entry in _document()["refusal"])


@cache
def _by_name() -> dict[str, _Explanation]:
    document = _document()
    shared = {entry["name"]: entry for entry in document["refusal"] if "name" in entry}
    return {name: _explanation(entry) for name, entry in {**document["named"], **shared}.items()}
