"""From the engine's complaints to sentences that help."""

import re
from pathlib import Path

import duckdb

from pgvigil.store.errors import (
    StoreDamagedError,
    StoreError,
    StoreFailedError,
    StoreKeyError,
    StoreLockedError,
    StoreVersionError,
)

WAY_OUT = (
    "Nothing was changed. Move it away together with the files of the same name and a longer ending, then bring back "
    "a backup with `pgvigil restore`, or start anew without one."
)
_KIND = re.compile(r"^(?:[A-Za-z ]+ Error: |Failed to commit: )+")
_PROCESS = re.compile(r"\(PID (\d+)\)")


def explain(error: duckdb.Error, file: Path) -> StoreError:
    """What went wrong on opening `file`, and the way out. Never holds the key."""
    message = str(error)
    for pattern, make in _CAUSES:
        if re.search(pattern, message):
            return make(message, file)
    return StoreFailedError(f"{file} cannot be opened: {reason(message)}")


def _locked(message: str, file: Path) -> StoreError:
    process = _PROCESS.search(message)
    holder = f"process {process[1]}" if process else "another process"
    return StoreLockedError(
        f"{file} is held by {holder}. One pgvigil at a time keeps a store; ask the running one with `pgvigil sql`."
    )


def _wrong_key(_message: str, file: Path) -> StoreError:
    return StoreKeyError(
        f"The key does not fit {file}. Give the one it was made with, in PGVIGIL_STORE_KEY or in {file.name}.key."
    )


def _no_key(_message: str, file: Path) -> StoreError:
    return StoreKeyError(f"{file} is encrypted and no key was given: set PGVIGIL_STORE_KEY.")


def _not_encrypted(_message: str, file: Path) -> StoreError:
    return StoreError(f"{file} is a DuckDB file that is not encrypted, so not a store of pgvigil. {WAY_OUT}")


def _not_ours(_message: str, file: Path) -> StoreError:
    return StoreDamagedError(f"{file} is not a store: its head cannot be read. {WAY_OUT}")


def _newer(_message: str, file: Path) -> StoreError:
    return StoreVersionError(f"{file} was written by a newer version. Install the pgvigil that wrote it.")


def _damaged(message: str, file: Path) -> StoreError:
    return StoreDamagedError(f"{file} is damaged ({reason(message)}). {WAY_OUT}")


def _unreachable(message: str, file: Path) -> StoreError:
    return StoreError(f"{file} cannot be opened: {reason(message)}")


def reason(error: Exception | str) -> str:
    """The engine's complaint in one line, without its kinds and its full stop."""
    line = str(error).strip().splitlines()[0]
    return _KIND.sub("", line).rstrip(".")


def masked(error: Exception | str) -> str:
    """The reason without what it quotes: that may be a value."""
    return re.sub(r"""(['"]).*?\1""", "…", reason(error))


_CAUSES = (
    ("Could not set lock", _locked),
    ("Wrong encryption key", _wrong_key),
    ("without a key", _no_key),
    ("is not encrypted", _not_encrypted),
    ("not a valid DuckDB database file", _not_ours),
    ("newer version|created with a different version|storage version", _newer),
    ("Computed AES tag|Corrupt|Could not read enough bytes|Failure while replaying WAL|Serialization Error", _damaged),
    ("Permission denied|No such file or directory|Read-only file system|Is a directory", _unreachable),
)


def failure(error: duckdb.Error, file: Path) -> StoreError:
    """What went wrong amid the use of `file`: damage with the way out, anything else may work later."""
    if is_damage(error):
        return StoreDamagedError(f"{file} is damaged: a part of it cannot be decrypted. {WAY_OUT}")
    return StoreFailedError(f"The store does not work just now: {reason(error)}.")


def is_damage(error: duckdb.Error) -> bool:
    """Whether a query failed because the file cannot be read as it should."""
    return bool(re.search(r"Computed AES tag|Corrupt database|Could not read enough bytes", str(error)))
