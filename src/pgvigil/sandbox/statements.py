"""Loads the sandbox's SQL below meshhook/: a file is one script, or several statements each under `-- name: x`."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_HEADER = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


def script(path: str) -> str:
    """The whole text of a file, given as `schema/2-tables.sql`."""
    return (files("pgvigil.sandbox") / "meshhook").joinpath(*path.split("/")).read_text(encoding="utf-8")


@cache
def named(path: str) -> Mapping[str, str]:
    """The statements of a file by name; ValueError where a name occurs twice or none is there."""
    _, *parts = _HEADER.split(script(path))
    names, texts = parts[::2], parts[1::2]
    if not names or len(set(names)) != len(names):
        raise ValueError(f"{path}: needs statements under `-- name: x`, each name once")
    return MappingProxyType({name: text.strip() for name, text in zip(names, texts, strict=True)})
