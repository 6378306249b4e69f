"""Whether the engine's log belongs to its file, before the engine opens both.

The engine takes a log whose head it does not know for that of another file and goes on without it: every pass that was
acknowledged since the last checkpoint would be gone, and nobody told. So the head is compared here: it is the only
part that no authentication protects, but for the lengths of the entries, by which a torn end is recognised.
"""

from pathlib import Path

from pgvigil.store.errors import StoreDamagedError
from pgvigil.store.location import Location
from pgvigil.store.refusals import WAY_OUT

_HEAD = bytes.fromhex("640062650003660010")
"""Type, version 3, and that the sixteen bytes of the file's identifier follow, each as a variable-length integer."""

_IDENTIFIER = slice(124, 140)
"""Where a file bears its identifier."""

_LONGEST = len(_HEAD) + 32


def check_log(location: Location) -> None:
    """Raises StoreDamagedError if the log beside the file does not begin as the file's own does."""
    log = location.beside(".wal")
    head, file = _first(log, _LONGEST), _first(location.file, _IDENTIFIER.stop)
    if len(head) < _LONGEST or len(file) < _IDENTIFIER.stop:
        return  # none, or torn before anything was acknowledged; or a file of which the engine has its own complaint
    if not head.startswith(_HEAD) or _identifier(head[len(_HEAD) :]) != file[_IDENTIFIER]:
        raise StoreDamagedError(
            f"The head of {log} is damaged, or it is not the log of {location.file}: what it holds would be lost. "
            f"{WAY_OUT} Moving {log.name} alone away gives up what was kept since the last checkpoint."
        )


def _first(file: Path, size: int) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(size)
    except OSError:
        return b""  # the engine says why it cannot be read


def _identifier(encoded: bytes) -> bytes | None:
    """Sixteen bytes, each of which takes two if it is above 127; None where these are others."""
    found = bytearray()
    rest = iter(encoded)
    for byte in rest:
        value = byte if byte < 0x80 else byte & 0x7F | next(rest, 0) << 7
        if value > 0xFF:
            return None
        found.append(value)
        if len(found) == _IDENTIFIER.stop - _IDENTIFIER.start:
            return bytes(found)
    return None
