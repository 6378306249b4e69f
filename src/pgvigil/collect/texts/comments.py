"""Tags that applications write into SQL comments: route, job, controller and the like.

Three ways of writing are read: sqlcommenter's `key='url-encoded'`, and `key=value` and `key:value` of older libraries.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import unquote

from pgvigil.collect.texts.values import mask_values

DEFAULT_TAGS = frozenset({"application", "route", "job", "controller", "action", "framework", "workflow", "queue"})
LONGEST_TAG = 100
_LONGEST_COMMENT = 2000
_PAIR = re.compile(r"([A-Za-z_%][A-Za-z0-9_.%\-]*+)[ \t]*+[=:][ \t]*+(?:'((?:[^'\\]++|\\.|'')*+)'|([^\s,;']++))")
NO_TAGS: Mapping[str, str] = MappingProxyType({})


def read_tags(comments: Iterable[str], allowed: frozenset[str]) -> Mapping[str, str]:
    """The allowed tags of these comments, by name; of two with one name the later counts."""
    found: dict[str, str] = {}
    for comment in comments:
        for name, quoted, bare in _PAIR.findall(comment[:_LONGEST_COMMENT]):
            key = unquote(name)
            if key in allowed and (value := _clean(quoted.replace("\\'", "'").replace("''", "'") or bare)):
                found[key] = value
    return MappingProxyType(dict(sorted(found.items()))) if found else NO_TAGS


@lru_cache(maxsize=4096)
def _clean(value: str) -> str:
    decoded = unquote(value)
    printable = "".join(c for c in decoded if c.isprintable())
    return mask_values(printable.partition("?")[0])[:LONGEST_TAG].strip()
