"""How long an entry of the server's log is, as it stands in the files of `log_destination`.

The escapes: PostgreSQL documentation, `log_line_prefix`. The rest: `src/backend/utils/error/elog.c`, where each line of
a message but the first is indented by a tab, and `csvlog.c` and `jsonlog.c` beside it.
"""

import json
import re
from collections.abc import Callable, Mapping
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
_FUNCTION, _FILE, _LINE = "exec_execute_message", "postgres.c", 2000
_LOCATION = f"{_FUNCTION}, {_FILE}:{_LINE}"
_STDERR = "stderr"
_COLLECTED = {"csvlog", "jsonlog"}
"""Only the logging collector can write these: without it the server falls back to stderr."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """The log of a server: how long the prefix of its lines is, whether an entry has a DETAIL, what it says of the
    place in the server's code, into which files it is written (one where it goes is not a file counts as `stderr`),
    and the names of the role and the database."""

    prefix: int
    details: bool = True
    verbose: bool = False
    destinations: tuple[str, ...] = (_STDERR,)
    role: str = ""
    database: str = ""

    def entry(self, said: str, detail: str = "") -> int:
        """The bytes of an entry that says this, in all the files."""
        shapes: Mapping[str, Callable[[str, str], int]] = {"csvlog": self._comma_separated, "jsonlog": self._json}
        shown = detail if self.details else ""
        return sum(shapes.get(each, self._plain)(said, shown) for each in self.destinations)

    def _plain(self, said: str, detail: str) -> int:
        lines = [("LOG", f"{_STATE if self.verbose else ''}{said}")]
        if detail:
            lines.append(("DETAIL", detail))
        if self.verbose:
            lines.append(("LOCATION", _LOCATION))
        return sum(self._line(word, text) for word, text in lines)

    def _comma_separated(self, said: str, detail: str) -> int:
        usual = _USUAL
        columns = [usual["m"], _quoted(self.role), _quoted(self.database), usual["p"], _quoted(f"{usual['h']}:50000")]
        columns += [usual["c"], usual["l"], _quoted(usual["i"]), usual["s"], usual["v"], usual["x"], "LOG", usual["e"]]
        columns += [_quoted(said), _quoted(detail) if detail else "", "", "", "", "", "", ""]
        columns += [_quoted(_LOCATION) if self.verbose else "", _quoted(usual["a"]), _quoted(usual["b"]), "", "0"]
        return len(",".join(columns).encode()) + len("\n")

    def _json(self, said: str, detail: str) -> int:
        usual = _USUAL
        told = {"timestamp": usual["m"], "user": self.role, "dbname": self.database, "pid": 100_000}
        told |= {"remote_host": usual["h"], "remote_port": 50_000, "session_id": usual["c"], "line_num": 10_000}
        told |= {"ps": usual["i"], "session_start": usual["s"], "vxid": usual["v"], "txid": 0, "error_severity": "LOG"}
        told |= {"message": said, **({"detail": detail} if detail else {})}
        if self.verbose:
            told |= {"func_name": _FUNCTION, "file_name": _FILE, "file_line_num": _LINE}
        told |= {"application_name": usual["a"], "backend_type": usual["b"], "query_id": 0}
        return len(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()) + len("\n")

    def _line(self, word: str, text: str) -> int:
        return self.prefix + len(f"{word}:  ") + len(text.encode()) + text.count("\n") + len("\n")


def log_line_of(capabilities: Capabilities) -> LogLine:
    """How this server writes about our sessions."""
    settings = capabilities.settings
    verbosity = settings.get("log_error_verbosity")
    names = {"u": capabilities.role, "d": capabilities.database}
    prefix = prefix_length(settings.get("log_line_prefix", _DEFAULT), names)
    destinations = {it.strip().lower() for it in settings.get("log_destination", _STDERR).split(",")} - {""}
    if settings.get("logging_collector") == "off" and destinations & _COLLECTED:
        destinations = destinations - _COLLECTED | {_STDERR}
    known = (tuple(sorted(destinations)), capabilities.role, capabilities.database)
    return LogLine(prefix, verbosity != "terse", verbosity == "verbose", *known)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def prefix_length(setting: str, names: Mapping[str, str]) -> int:
    """The bytes of a prefix with these names in it; what else it tells is as long as it usually is."""

    def usual(found: re.Match[str]) -> str:
        word = names.get(found[2], _USUAL.get(found[2], ""))
        width = int(found[1]) if found[1].lstrip("-") else 0
        return word.ljust(-width) if width < 0 else word.rjust(width)

    return len(_ESCAPE.sub(usual, setting).encode())
