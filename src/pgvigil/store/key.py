"""The key of the store: given, kept in a file, or generated at first start."""

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from pgvigil.model import Secret
from pgvigil.store.errors import StoreKeyError
from pgvigil.store.location import Location

SHORTEST = 16
"""Characters; what is shorter can be tried out."""

_SALT = b"pgvigil store key 1"


@dataclass(frozen=True, slots=True)
class StoreKey:
    """A key and, where something has to be told about it (a file was generated), the sentence."""

    secret: Secret
    notice: str = ""


def find_key(location: Location, given: Secret | None) -> StoreKey:
    """The key of the store at `location`: the given one, else that of the key file beside it, else a new one.

    A new one is only made for a new store. Raises StoreKeyError.
    """
    if given is not None:
        return StoreKey(_long_enough(given.value, "PGVIGIL_STORE_KEY"))
    if location.key.exists():
        return StoreKey(_long_enough(_read(location), f"the key in {location.key}"))
    if location.file.exists():
        raise StoreKeyError(
            f"{location.file} is encrypted and there is no key: set PGVIGIL_STORE_KEY, "
            f"or put the key file back at {location.key}."
        )
    return _generate(location)


def derive(secret: Secret) -> str:
    """What the engine is given: 64 hexadecimal digits of scrypt (RFC 7914) over the text, so that any text will do."""
    return hashlib.scrypt(secret.value.encode(), salt=_SALT, n=2**13, r=8, p=1, dklen=32).hex()


def _long_enough(text: str, name: str) -> Secret:
    if len(text) < SHORTEST:
        raise StoreKeyError(f"{name} has {len(text)} characters; a key is any text of {SHORTEST} or more.")
    return Secret(text)


def _read(location: Location) -> str:
    try:
        return location.key.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreKeyError(f"The key file {location.key} cannot be read: {error}.") from None


def _generate(location: Location) -> StoreKey:
    text = secrets.token_urlsafe(32)
    try:
        location.file.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(location.key, text + "\n")
    except OSError as error:
        raise StoreKeyError(
            f"No key was given and none can be kept at {location.key}: {error.strerror}. Set PGVIGIL_STORE_KEY."
        ) from None
    return StoreKey(
        Secret(text),
        f"A key for the store was generated in {location.key}. Keep a copy elsewhere: without it nobody can read the "
        "store or its backups.",
    )


def _write_whole(key: Path, text: str) -> None:
    """Make the key file, on disk before it has its name: half a key would open nothing for ever."""
    part = key.with_name(key.name + ".part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(part, key)  # never in place of another
    finally:
        part.unlink(missing_ok=True)
