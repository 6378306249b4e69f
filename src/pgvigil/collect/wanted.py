"""Keys that facts mention and whose texts nobody told yet, those that moved last first."""

from collections.abc import Iterable
from itertools import islice

from pgvigil.catalog.types import KEYS_AT_ONCE
from pgvigil.model import Value

PATIENCE = 3

TOLD_FOR = 86_400.0
"""Seconds after which what was told is told again when it moves: the keeper lets go of texts that nothing it keeps
mentions any more, after seven days at the earliest."""

_TRIES = 3
_MOST = 50_000
_MOST_OPEN = 10_000


class Wanted:
    """The keys of one dimension.

    Asking costs the server the same for any number of keys, so those that do not move wait for the next that does, or
    for PATIENCE turns. Those that were kept before we began are asked again only when they move: what a statement
    says matters to us too (whether it is a reset).
    """

    def __init__(self) -> None:
        self._kept: set[Value] = set()
        self._told: set[Value] = set()
        self._open: dict[Value, int] = {}
        self._urgent = False
        self._waited = 0

    def restore(self, keys: Iterable[Value]) -> None:
        """The texts of these keys are kept already."""
        self._kept |= set(keys)

    def age(self) -> None:
        """What was told so far may be gone by the time its key moves again."""
        self._kept |= self._told
        self._told.clear()

    def mention(self, keys: Iterable[Value], *, moved: bool = True) -> None:
        """Facts bear these keys; what is mentioned last is asked first."""
        for key in keys:
            if key is not None and key not in self._told and (moved or key not in self._kept):
                self._open[key] = self._open.pop(key, 0)
                self._urgent = self._urgent or moved
        self._trim()

    def next(self) -> list[Value]:
        """The keys to ask for in this turn, at most KEYS_AT_ONCE."""
        self._waited += 1
        if not self._urgent and self._waited < PATIENCE:
            return []
        self._urgent, self._waited = False, 0
        return list(reversed(self._open))[:KEYS_AT_ONCE]

    def tell(self, asked: Iterable[Value], told: Iterable[Value]) -> None:
        """Texts of `told` came, of those that were `asked`; what does not come is asked again a few times."""
        found = set(told)
        if len(self._told) > _MOST:
            self._told.clear()
        self._told |= found
        tries = {key: self._open.pop(key, 0) + 1 for key in asked}
        again = {key: times for key, times in tries.items() if key not in found and times < _TRIES}
        self._open = {**again, **self._open}
        self._trim()

    def _trim(self) -> None:
        """Let go of what moved longest ago: while no answer comes, only more is mentioned."""
        for key in list(islice(self._open, max(0, len(self._open) - _MOST_OPEN))):
            del self._open[key]
