"""How long an entry of the server's log is, as it stands in a file of `log_destination = stderr`.

The escapes: PostgreSQL documentation, `log_line_prefix`. The rest: `src/backend/utils/error/elog.c`, where each line of
a message but the first is indented by a tab.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pgvigil.model import Capabilities

_DEFAULT = "%m [%p] "
_ESCAPE = re.compile(r"%(-?\d*)(.)")
_USUAL = {
    "%": "%",
    "a": "pgvigil",
    "b": "client backend",
    "c": "65f1a2b3.1a2b3c",
    "e": "00000",
    "h": "192.168.100.20",
    "i": "SELECT",
    "L": "192.168.100.20",
    "l": "10000",
    "m": "2026-01-31 12:00:00.000 UTC",
    "n": "1769860800.000",
    "p": "100000",
    "Q": "-1234567890123456789",
    "r": "192.168.100.20(50000)",
    "s": "2026-01-31 12:00:00 UTC",
    "t": "2026-01-31 12:00:00 UTC",
    "v": "10/100000",
    "x": "0",
}
_STATE = "00000: "
_LOCATION = "exec_execute_message, postgres.c:2000"


@dataclass(frozen=True, slots=True)
class LogLine:
    """The log of a server: how long the prefix of its lines is, whether an entry has a DETAIL, and what it says of the
    place in the server's code."""

    prefix: int
    details: bool = True
    verbose: bool = False

    def entry(self, said: str, detail: str = "") -> int:
        """The bytes of an entry that says this."""
        lines = [("LOG", f"{_STATE if self.verbose else ''}{said}")]
        if detail and self.details:
            lines.append(("DETAIL", detail))
        if self.verbose:
            lines.append(("LOCATION", _LOCATION))
        return sum(self._line(word, text) for word, text in lines)

    def _line(self, word: str, text: str) -> int:
        return self.prefix + len(f"{word}:  ") + len(text.encode()) + text.count("\n") + len("\n")


def log_line_of(capabilities: Capabilities) -> LogLine:
    """How this server writes about our sessions."""
    settings = capabilities.settings
    verbosity = settings.get("log_error_verbosity")
    names = {"u": capabilities.role, "d": capabilities.database}
    prefix = prefix_length(settings.get("log_line_prefix", _DEFAULT), names)
    return LogLine(prefix, verbosity != "terse", verbosity == "verbose")


def prefix_length(setting: str, names: Mapping[str, str]) -> int:
    """The bytes of a prefix with these names in it; what else it tells is as long as it usually is."""

    def usual(found: re.Match[str]) -> str:
        word = names.get(found[2], _USUAL.get(found[2], ""))
        width = int(found[1]) if found[1].lstrip("-") else 0
        return word.ljust(-width) if width < 0 else word.rjust(width)

    return len(_ESCAPE.sub(usual, setting).encode())
