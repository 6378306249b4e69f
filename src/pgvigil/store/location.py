"""Where the store lies, and what lies beside it."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from pgvigil.store.errors import StoreUrlError

SCHEME = "duckdb://"
COPY_SUFFIX = ".copy"
_LOGS = ("", ".wal", ".wal.checkpoint", ".wal.recovery")


@dataclass(frozen=True, slots=True)
class Location:
    """The store's file and its companions, all in one directory."""

    file: Path

    def beside(self, suffix: str) -> Path:
        """The companion whose name is the file's with `suffix` at its end."""
        return self.file.with_name(self.file.name + suffix)

    @property
    def temporary(self) -> Path:
        """The directory of what spills out of memory, encrypted."""
        return self.beside(".tmp")

    @property
    def key(self) -> Path:
        """The key file that pgvigil generates where no key was given."""
        return self.beside(".key")

    @property
    def socket(self) -> Path:
        """The socket on which a running server answers."""
        return self.beside(".sock")

    @property
    def copy(self) -> Path:
        """A copy being written: a backup, or the compacted file before it takes the place of the old one."""
        return self.beside(COPY_SUFFIX)

    def files(self, suffix: str) -> list[Path]:
        """The files that the engine keeps for the database whose name ends in `suffix`: itself and its logs."""
        return [self.beside(suffix + log) for log in _LOGS]


def locate(url: str) -> Location:
    """The location that `duckdb:///absolute/path` or `duckdb://relative/path` names; raises StoreUrlError."""
    if not url.startswith(SCHEME):
        raise StoreUrlError(f"store.url is {url!r}; allowed is duckdb:///absolute/path or duckdb://relative/path.")
    path = unquote(url.removeprefix(SCHEME))
    if not path or path.endswith("/") or "\0" in path:
        raise StoreUrlError(f"store.url is {url!r}, which names no file; write duckdb:///absolute/path/pgvigil.db.")
    try:
        location = Location(Path(path).absolute())
    except OSError as error:  # a working directory that was removed
        raise StoreUrlError(
            f"store.url is {url!r}, and the working directory cannot be told: {error.strerror}; "
            "allowed is duckdb:///absolute/path."
        ) from None
    _check_reachable(url, location)
    return location


def _check_reachable(url: str, location: Location) -> None:
    """Whether one may look for the files at all, that with the longest name too; whether they are there is another
    question."""
    for file in location.files(COPY_SUFFIX):
        try:
            file.lstat()
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            raise StoreUrlError(f"store.url is {url!r}, where no store can be: {error.strerror}.") from None
