"""DuckDB, opened so that nothing leaves it in the clear and nothing but the store's own files can be reached."""

import importlib.util
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from pgvigil.model import Secret
from pgvigil.store.errors import EncryptionUnavailableError, StoreError, StoreFailedError
from pgvigil.store.key import derive
from pgvigil.store.location import COPY_SUFFIX, Location
from pgvigil.store.logs import check_log
from pgvigil.store.refusals import explain, failure
from pgvigil.store.text import ident, literal

# The engine asks for pandas whenever a value is bound. Missing, that is a search of the whole path, up to a third of a
# small query's time; installed, it would take tens of megabytes. Nothing here needs it.
sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]

NAME = "pgvigil"
"""The name under which the file is attached."""

COPY = "pgvigil_copy"
"""The name under which a copy of it is attached while it is written or checked."""

BLOCK_BYTES = 65_536
"""With 256 KB, the default, commits became 6 to 106 ms for good after the first checkpoint, at 26 tables."""

FORMAT = "v1.5.0"
"""Of the file: with it floats are compressed as decimals (ALP), and the log has a head that names its file."""

MERGED = "checkpoint WAL cannot contain a checkpoint marker"
"""What the engine says after two kills, each amid a checkpoint: it has made one log of the two that it found, and then
stumbles over the mark that the first kill left in it. Opened again it takes that log as it is, and nothing is lost."""

MEMORY = "64MiB"
"""Of the engine's buffers; the process takes 30 to 60 MB more for it. What needs more spills, encrypted."""

CHECKPOINT = "8MB"
"""Of the log, after which it is brought into the file: until then its rows lie in memory as they came, 8 bytes a value,
and an hour of load R is 43 MB of them."""

SPILL = "2GiB"


class Engine:
    """One encrypted file, open. Cursors are handed out, one per thread and purpose; raises StoreError."""

    def __init__(self, location: Location, key: Secret, *, read_only: bool = False) -> None:
        self._location = location
        self._key = derive(key)
        self._read_only = read_only
        self._opening = threading.RLock()
        self._idle = threading.Condition(self._opening)
        self._cursors = 0
        began = time.time()
        self._root = self._open()
        if not read_only:
            self._remove_leftovers(began)

    @property
    def location(self) -> Location:
        """Where the file lies."""
        return self._location

    @property
    def read_only(self) -> bool:
        """Whether the file was opened for reading alone."""
        return self._read_only

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of one's own, whose unqualified names are those of the store."""
        with self._opening:  # waits while the file is being opened again
            try:
                cursor = self._root.cursor()
                cursor.execute(f"USE {NAME}")
            except duckdb.Error as error:
                raise StoreFailedError(f"The store is not open: {error}") from None
            self._cursors += 1
        try:
            yield cursor
        finally:
            cursor.close()
            with self._opening:
                self._cursors -= 1
                self._idle.notify_all()

    @contextmanager
    def told(self) -> Iterator[None]:
        """Whatever the engine cannot do within is a StoreError: of a damaged file with the way out, else the same may
        work later."""
        try:
            yield
        except duckdb.Error as error:
            raise failure(error, self._location.file) from error

    @contextmanager
    def copying(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to which a new file at `location.copy` is attached as COPY, of the same key."""
        with self.cursor() as cursor:
            attach(cursor, self._location.copy, COPY, self._key)
            try:
                yield cursor
            finally:
                cursor.execute(f"DETACH {COPY}")

    def checkpoint(self) -> None:
        """Bring everything from the log into the file."""
        try:
            with self.cursor() as cursor:
                cursor.execute(f"CHECKPOINT {NAME}")
        except duckdb.Error as error:
            raise StoreFailedError(f"{self._location.file} could not be written: {error}") from None

    def close(self) -> None:
        """Close the file; what was committed is in it, or in its log which the next opening reads."""
        try:
            self._root.execute(f"USE memory; DETACH {NAME}")
        except duckdb.Error as error:
            raise StoreFailedError(f"{self._location.file} was closed, but not tidied up: {error}") from None
        finally:
            self._root.close()

    def reopen(self) -> None:
        """Close the file as well as that goes and open it again: after a failed write the engine refuses to go on."""
        with self._opening:
            self._root.close()
            self._root = self._open()

    def renew(self, patience: float) -> bool:
        """Close the file and open it again, so that the engine lets go of what it has gathered; not while somebody asks
        for something. False where that went on for `patience` seconds."""
        with self._opening:
            if not self._idle.wait_for(lambda: not self._cursors, patience):
                return False
            try:
                self.close()
            finally:
                self._root = self._open()
            return True

    def replace_by_copy(self) -> None:
        """Close the file, put the one at `location.copy` in its place, and open that."""
        with self._opening:
            self._swap()

    def _swap(self) -> None:
        try:
            self.close()
            logs = [log for log in self._location.files("")[1:] if log.exists()]
            if logs:
                raise StoreFailedError(f"The store was not compacted: {logs[0]} still holds what belongs to it.")
            self._location.copy.replace(self._location.file)
        finally:
            self._root = self._open()

    def _open(self) -> duckdb.DuckDBPyConnection:
        self._make_directories()
        check_log(self._location)
        root = open_root(self._location)
        try:
            attach(root, self._location.file, NAME, self._key, read_only=self._read_only)
            root.execute("SET lock_configuration = true")
        except BaseException:
            root.close()
            raise
        self._make_private()
        return root

    def _make_directories(self) -> None:
        if self._read_only:
            return
        try:
            self._location.file.parent.mkdir(parents=True, exist_ok=True)
            self._location.temporary.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The store cannot be at {self._location.file}: {error}.") from None

    def _remove_leftovers(self, began: float) -> None:
        """Remove what a killed process left of a copy and of what it spilled: the lock is ours, so it is nobody's."""
        with suppress(OSError):  # it only takes room
            spilled = [file for file in self._location.temporary.iterdir() if file.stat().st_mtime < began]
            for file in (*self._location.files(COPY_SUFFIX), *spilled):
                file.unlink(missing_ok=True)

    def _make_private(self) -> None:
        if self._read_only:
            return
        # Never open the file with anything but the engine: closing any descriptor of it drops the engine's lock.
        for file in self._location.files(""):
            if file.exists():
                file.chmod(0o600)


def open_root(location: Location) -> duckdb.DuckDBPyConnection:
    """An engine that can encrypt and reaches no files but those of the store at `location`; nothing attached yet."""
    root = duckdb.connect(":memory:", config=_settings(location))
    try:
        _load_crypto(root)
        _lock_down(root, location)
    except BaseException:
        root.close()
        raise
    return root


def attach(cursor: duckdb.DuckDBPyConnection, file: Path, name: str, key: str, *, read_only: bool = False) -> None:
    """Attach an encrypted file; `key` is a derived one. Raises StoreError."""
    options = f"ENCRYPTION_KEY '{key}'" + (
        ", READ_ONLY" if read_only else f", BLOCK_SIZE {BLOCK_BYTES}, STORAGE_VERSION '{FORMAT}'"
    )
    statement = f"ATTACH {literal(str(file))} AS {ident(name)} ({options})"
    try:
        try:
            cursor.execute(statement)
        except duckdb.Error as error:
            if MERGED not in str(error):
                raise
            cursor.execute(statement)
    except duckdb.Error as error:
        # "from None": the statement that failed holds the key, and a traceback would show it.
        raise explain(error, file) from None


def _settings(location: Location) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_unsigned_extensions": "false",
        "temp_file_encryption": "true",
        "temp_directory": str(location.temporary),
        "max_temp_directory_size": SPILL,
        "memory_limit": MEMORY,
        "threads": "1",  # per query; a second one doubles what a roll-up needs, beyond 64 MB
        "python_enable_replacements": "false",
        "checkpoint_threshold": CHECKPOINT,
        "allocator_background_threads": "true",  # what is no longer used goes back while nothing is asked for
    }


def _load_crypto(root: duckdb.DuckDBPyConnection) -> None:
    """Load OpenSSL, without which DuckDB writes no encrypted file: the `httpfs` extension, its signature checked."""
    file = _extension()
    try:
        root.execute(f"LOAD {literal(str(file))}")
    except duckdb.Error as error:
        raise EncryptionUnavailableError(
            f"The store cannot be encrypted, so pgvigil does not start: {file} does not load: {error}"
        ) from None


def _extension() -> Path:
    spec = importlib.util.find_spec("duckdb_extension_httpfs")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        file = Path(folder) / "extensions" / f"v{duckdb.__version__}" / "httpfs.duckdb_extension"
        if file.exists():
            return file
    raise EncryptionUnavailableError(
        "The store cannot be encrypted, so pgvigil does not start: the package duckdb-extension-httpfs of version "
        f"{duckdb.__version__} is not installed. Install it: pip install duckdb-extension-httpfs=={duckdb.__version__}"
    )


def _lock_down(root: duckdb.DuckDBPyConnection, location: Location) -> None:
    """Let the engine reach its own files and no others: not even the key file beside them."""
    files = map(str, (*location.files(""), *location.files(COPY_SUFFIX)))
    root.execute(f"SET allowed_paths = [{', '.join(map(literal, files))}]")
    root.execute(f"SET allowed_directories = [{literal(str(location.temporary))}]")
    root.execute("SET enable_external_access = false")
