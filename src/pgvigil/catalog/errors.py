"""What can be wrong with a definition, as a sentence."""

import difflib
from collections.abc import Iterable
from pathlib import Path

from pgvigil.model import PgvigilError


class CatalogError(PgvigilError):
    """A definition is wrong; the text names the file, the key, its value and what is allowed."""


def read_text(file: Path) -> str:
    """The text of a file of a definition."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise CatalogError(f"{file} cannot be read: {error.strerror}; allowed is a file that may be read") from None
    except UnicodeDecodeError as error:
        raise CatalogError(f"{file} is no text: {error}; allowed is UTF-8") from None


def wrong(file: Path, key: str, value: object, allowed: str) -> CatalogError:
    """The error for a key whose value is not allowed; `allowed` completes "allowed is"."""
    return CatalogError(f"{file}: {key} is {value!r}; allowed is {allowed}")


def unknown(file: Path, what: str, name: str, known: Iterable[str]) -> CatalogError:
    """The error for a name that is not known, with the nearest one that is, and all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return CatalogError(f"{file}: {what} {name} is not known; {hint}allowed are {', '.join(names) or 'none'}")
