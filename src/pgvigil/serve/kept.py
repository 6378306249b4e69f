"""Lines of the fleet that are kept for as long as they tell the present, so that a look at many servers stays cheap."""

from collections.abc import Callable, Hashable, Sequence
from threading import Lock

from pgvigil.analyse.fleet import Line

FRESH = 8_000_000
"""Microseconds for which a line is not made again: less than the ten seconds after which there are new numbers, and
after which a page asks."""

USABLE = 60_000_000
"""Microseconds after which a line is too old to be shown."""

AT_ONCE = 10
"""How many lines that are still usable are made again for one look, the oldest first: one takes 30 to 50 ms."""

_MOST = 2_000


class KeptLines:
    """Lines by what they were asked for, each with the moment it was made."""

    def __init__(self) -> None:
        self._lines: dict[Hashable, tuple[int, Line]] = {}
        self._lock = Lock()

    def lines(self, keys: Sequence[Hashable], now: int, make: Callable[[int], Line]) -> list[Line]:
        """The line of each key: as it is kept, or made for its number and then kept. Who asks meanwhile waits, and
        takes what was made."""
        with self._lock:
            if len(self._lines) > _MOST:
                self._lines.clear()
            for number in self._due(keys, now):
                self._lines[keys[number]] = (now, make(number))
            return [self._lines[key][1] for key in keys]

    def _due(self, keys: Sequence[Hashable], now: int) -> list[int]:
        """The numbers of the keys whose lines are made now: all that cannot be shown, and the oldest of the others."""
        ages = [now - self._lines[key][0] if key in self._lines else USABLE + 1 for key in keys]
        old = sorted((number for number, age in enumerate(ages) if age >= FRESH), key=lambda number: -ages[number])
        missing = [number for number in old if ages[number] > USABLE]
        return old[: max(AT_ONCE, len(missing))]
