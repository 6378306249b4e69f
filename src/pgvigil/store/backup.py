"""Copies of the store: made while it is in use, checked before they are brought back, and to give space back."""

import os
import shutil
import stat
from pathlib import Path

import duckdb

from pgvigil.model import Secret
from pgvigil.store.engine import COPY, NAME, Engine, attach, open_root
from pgvigil.store.errors import BackupError, StoreDamagedError, StoreKeyError
from pgvigil.store.key import derive
from pgvigil.store.location import COPY_SUFFIX, Location
from pgvigil.store.refusals import reason
from pgvigil.store.text import ident, sql


def back_up(engine: Engine, file: Path) -> int:
    """Write a copy of the store, of the same key, to `file`, which must not exist yet; its size in bytes.

    The copy is of one moment; writing goes on meanwhile. Raises BackupError.
    """
    _refuse_existing(file)
    _refuse_place_of_copy(file, engine.location)
    if not stat.S_ISDIR(_mode(file.parent)):
        raise BackupError(f"There is no directory {file.parent} to put the backup in.")
    make_copy(engine)
    try:
        return _put(engine.location.copy, file)
    finally:
        remove_copy(engine.location)


def make_copy(engine: Engine) -> None:
    """Write everything that is committed now to `location.copy`."""
    try:
        remove_copy(engine.location)
        _check_room(engine.location)
        with engine.copying() as cursor:
            cursor.execute(f"COPY FROM DATABASE {NAME} TO {COPY}")
    except duckdb.Error as error:
        remove_copy(engine.location)
        raise BackupError(f"The store could not be copied: {reason(error)}") from None
    except OSError as error:
        raise BackupError(f"The store could not be copied: {error}.") from None


def _check_room(location: Location) -> None:
    needed = sum(file.stat().st_size for file in location.files("") if file.exists())
    free = shutil.disk_usage(location.file.parent).free
    if free < needed:
        raise BackupError(
            f"A copy of the store takes up to {needed / 1e6:.0f} MB beside it for a while, and there are "
            f"{free / 1e6:.0f} MB free in {location.file.parent}. Make room there."
        )


def remove_copy(location: Location) -> None:
    """Remove what an interrupted copy may have left."""
    for file in location.files(COPY_SUFFIX):
        file.unlink(missing_ok=True)


def restore(file: Path, location: Location, key: Secret) -> int:
    """Bring a backup back as the store at `location`, where none may be; its size in bytes.

    Every byte of it is read first: a backup that is cut, damaged or of another key is refused and nothing changed.
    Raises StoreError.
    """
    for there in location.files(""):
        _refuse_existing(there)
    _refuse_place_of_copy(file, location)
    if not stat.S_ISREG(_mode(file)):
        raise BackupError(f"There is no backup at {file}.")
    try:
        location.file.parent.mkdir(parents=True, exist_ok=True)
        return _bring(file, location, key)
    except OSError as error:
        raise BackupError(f"The backup cannot be brought to {location.file}: {error.strerror}.") from None


def _bring(file: Path, location: Location, key: Secret) -> int:
    remove_copy(location)
    try:
        shutil.copyfile(file, location.copy)
        location.copy.chmod(0o600)
        _check(file, location, derive(key))
        return _put(location.copy, location.file)
    finally:
        remove_copy(location)


def _check(file: Path, location: Location, key: str) -> None:
    """Read all of the copy; raises BackupError naming the backup it is of."""
    root = open_root(location)
    try:
        attach(root, location.copy, COPY, key, read_only=True)
        tables = [name for (name,) in root.execute(sql("tables"), [COPY]).fetchall()]
        if "meta" not in tables:
            raise BackupError(f"{file} is no backup of a store: it has no table meta.")
        for table in tables:
            root.execute(sql("read_all", table=f"{COPY}.main.{ident(table)}")).fetchall()
    except StoreKeyError:
        raise StoreKeyError(f"The key does not fit {file}: give the one the store had when it was backed up.") from None
    except StoreDamagedError:
        raise BackupError(f"{file} is cut or damaged, so it was not restored.") from None
    except duckdb.Error as error:
        raise BackupError(f"{file} is cut or damaged, so it was not restored: {reason(error)}") from None
    finally:
        root.close()


def _refuse_existing(file: Path) -> None:
    if os.path.lexists(file):
        raise BackupError(f"{file} exists already, and nothing is ever overwritten. Name another, or move it away.")


def _refuse_place_of_copy(file: Path, location: Location) -> None:
    if os.path.realpath(file) in map(os.path.realpath, location.files(COPY_SUFFIX)):
        raise BackupError(
            f"{file} is where copies of {location.file} are made, and removed. Move it, or name another place."
        )


def _mode(file: Path) -> int:
    """Of what kind it is, 0 where nothing is; raises BackupError where one cannot look."""
    try:
        return file.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except OSError as error:
        raise BackupError(f"{file} cannot be looked at: {error.strerror}.") from None


def _put(copy: Path, file: Path) -> int:
    """Give a finished copy its name, whole or not at all, and never in place of another file."""
    try:
        try:
            os.link(copy, file)
        except FileExistsError:
            raise
        except OSError:  # another file system, or one without links
            _copy_across(copy, file)
        file.chmod(0o600)
        return file.stat().st_size
    except OSError as error:
        if isinstance(error, FileExistsError):
            _refuse_existing(file)
        raise BackupError(f"{file} cannot be written: {error.strerror}.") from None


def _copy_across(copy: Path, file: Path) -> None:
    part = file.with_name(file.name + ".part")
    _refuse_existing(part)
    with copy.open("rb") as source, part.open("xb") as target:
        try:  # from here on it is ours to remove
            shutil.copyfileobj(source, target, 2**20)
            target.flush()
            os.fsync(target.fileno())
            _refuse_existing(file)
            part.rename(file)
        finally:
            part.unlink(missing_ok=True)
