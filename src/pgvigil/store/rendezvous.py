"""Where the server that holds a store listens, and how two ends speak over it.

A socket's path may have 103 bytes; where the store's is longer, a short one below the runtime directory is taken and
written into a small file where the socket would have been looked for. One request and one answer per connection:
lines of JSON, the first says what or how, rows follow.
"""

import hashlib
import os
import socket
import stat
import tempfile
from pathlib import Path

from pgvigil.store.errors import SocketError
from pgvigil.store.location import Location

LONGEST_PATH = 103
"""Bytes; sun_path has 104 on macOS and 108 on Linux, with a zero at the end."""


def choose(location: Location, runtime: Path | None = None) -> Path:
    """Where a server is to listen; `runtime` is where short paths go (default: the system's temporary directory)."""
    if len(os.fsencode(location.socket)) <= LONGEST_PATH:
        return location.socket
    directory = (runtime or Path(tempfile.gettempdir())) / f"pgvigil-sockets-{os.getuid()}"
    _own(directory)
    digest = hashlib.sha256(os.fsencode(location.file)).hexdigest()[:16]
    return directory / f"{digest}.sock"


def announce(location: Location, path: Path) -> None:
    """Leave word of a short path where clients look."""
    if path != location.socket:
        location.beside(".sock.at").write_text(f"{path}\n", encoding="utf-8")


def withdraw(location: Location, path: Path) -> None:
    """Remove the socket and the word of it."""
    path.unlink(missing_ok=True)
    location.beside(".sock.at").unlink(missing_ok=True)


def find(location: Location) -> Path | None:
    """Where a server may be listening, or None; raises SocketError where one may not know."""
    word = location.beside(".sock.at")
    if location.socket.exists():
        return location.socket
    if word.exists():
        return Path(_read(word))
    return None


def call(path: Path, timeout: float) -> socket.socket | None:
    """A connection to the server at `path`, or None where nobody listens any more; raises SocketError."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(timeout)
    try:
        client.connect(os.fspath(path))
    except (ConnectionRefusedError, FileNotFoundError):
        client.close()
        return None
    except OSError as error:
        client.close()
        raise SocketError(f"The running pgvigil cannot be asked at {path}: {error.strerror}.") from None
    return client


def _read(word: Path) -> str:
    try:
        return word.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SocketError(f"Where the running pgvigil listens cannot be read from {word}: {error.strerror}.") from None


def _own(directory: Path) -> None:
    """Make sure that a directory in a place for everybody is ours alone."""
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise SocketError(f"{directory} is not a directory of ours alone; remove it, or shorten the store's path.")
