"""Counters to differences: what moved between two readings, and which interval nobody can vouch for.

The promise kept here, for every key: what is stored plus what may hide in recorded gaps and in intervals marked
uncertain is what happened, and never more than happened. A count that no evidence supports is never added.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pgvigil.collect.layout import Key, Layout, Row
from pgvigil.collect.lives import Life, began_anew, fell, judge
from pgvigil.model import Gap, PgvigilError, Reading, Value


class DuplicateKeyError(PgvigilError):
    """A reading holds a key twice: its probe's key does not tell its rows apart."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Entries were taken away from a moment after `since`: `reason` is `reset` or `eviction`."""

    reason: str
    since: int


@dataclass(frozen=True, slots=True)
class Context:
    """What is known around a reading.

    `until` is a moment, on the server's clock, after the reading was made. `doubt` is set on the first reading after
    an absence (`restart`, `unreachable`, `stopped`): what happened meanwhile is judged by the values, so the reading
    has to be complete, or lack only the rows of objects that could not be read (`partial`). `moved` tells that entries
    were reset or evicted since the reading before, and `emptied` that the last of it took all entries before this
    complete reading was made: what it found has counted from nothing. `keyframe` asks for a row of every key, moved or
    not.
    """

    until: int
    doubt: str | None = None
    moved: Moved | None = None
    emptied: bool = False
    keyframe: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What a reading means. `rows` are differences with `uncertain` at their end, `last` the absolute rows to keep
    (only those that changed, unless the reading was a keyframe), `gone` the keys that are no more; `lost` tells that
    entries began anew without anybody having announced it."""

    secs: float | None
    rows: Sequence[Row] = ()
    last: Sequence[Row] = ()
    gone: Sequence[Key] = ()
    gaps: tuple[Gap, ...] = ()
    lost: bool = False


class Tracker:
    """The last absolute reading of one probe within one incarnation, and what the next one adds to it.

    `evicts` is for entries that can vanish although what they count still exists (pg_stat_statements): a key that
    is gone then took its last counts along.
    """

    def __init__(self, layout: Layout, *, evicts: bool = False) -> None:
        self._layout = layout
        self._evicts = evicts
        self._rows: dict[Key, Row] = {}
        self._seen: dict[Key, int] = {}
        self._announced = -1  # the reading that brought the last recorded removal; keys seen before it are covered
        self._suspect = -1  # until when a removal may have taken keys seen before
        self._gap: str | None = None
        # What took entries away as the last reading was made may have done so behind it. An entry that then counts up
        # to where it was looks as if nothing had happened, where it does not tell since when it counts.
        self._echo: str | None = None
        self._blind: int | None = None  # since when objects exist that no reading ever held
        self._ts: int | None = None

    @property
    def ts(self) -> int | None:
        """When the last reading was made, or None before the first."""
        return self._ts

    @property
    def layout(self) -> Layout:
        """How its rows are laid out."""
        return self._layout

    @property
    def size(self) -> int:
        """How many keys it knows."""
        return len(self._rows)

    @property
    def gap(self) -> str | None:
        """Why the next reading will be a baseline after a gap, or None where it will not."""
        return self._gap

    def row(self, key: Key) -> Row | None:
        """The last absolute row of a key, or None where it is not known or cannot be compared any more."""
        return None if self._gap is not None else self._rows.get(key)

    def restore(self, ts: int, names: Sequence[str], rows: Sequence[Row]) -> None:
        """Go on from a kept reading. Removals before it were recorded then, but not which keys they took."""
        for row in self._layout.realign(names, rows):
            key = self._layout.key_of(row)
            self._rows[key] = row
            self._seen[key] = ts
        self._ts = ts
        self._suspect = ts

    def reading(self) -> Reading | None:
        """The last absolute rows, as another tracker may be restored from them."""
        return None if self._ts is None else Reading(self._ts, self._layout.names, list(self._rows.values()))

    def forget(self, reason: str) -> None:
        """Make the next reading a baseline, with a gap of this reason: the numbers are not comparable."""
        self._gap = reason  # the rows stay: the baseline has to tell which of them are no more

    def update(self, rows: Sequence[Row], ts: int, *, complete: bool, context: Context) -> Change:
        """Compare a reading with the one before and remember it. A row missing from an incomplete one is unchanged.

        Raises DuplicateKeyError, and ValueError where an absence is to be judged by an incomplete reading.
        """
        found = self._by_key(rows)
        if self._ts is None or self._gap is not None:
            return self._baseline(found, ts, context)
        if context.doubt and not complete and not context.partial:
            raise ValueError("the first reading after an absence has to be complete")
        if context.moved:
            self._announced = ts
            self._suspect = self._suspect if context.emptied else context.until
        survived = context.doubt is None or self._survived(found)
        judged = {key: self._judge(key, row, context, survived=survived) for key, row in found.items()}
        gone = [key for key in self._rows if key not in found] if complete else []
        unseen = self._unseen(found)
        blind = (Gap(self._blind, context.until, "failed"),) if self._blind is not None and unseen else ()
        change = Change(
            secs=(ts - self._ts) / 1e6,
            rows=[
                self._difference(key, found[key], life)
                for key, life in judged.items()
                if (context.emptied or context.keyframe or not complete or self._moved(key, found[key]))
                and key not in unseen
            ],
            last=list(found.values()) if context.keyframe or not complete else self._changed(found),
            gone=gone,
            gaps=(*self._gaps(judged, gone, context, survived=survived), *blind),
            lost=context.doubt is None and context.moved is None and self._lost(judged, gone),
        )
        self._remember(found, gone, ts)
        self._blind = self._blind if context.partial else None
        behind = context.moved if self._layout.born is None and not context.emptied else None
        self._echo = None if behind is None else behind.reason
        return change

    def _unseen(self, found: dict[Key, Row]) -> set[Key]:
        """Keys of objects that could not be read so far: nobody knows since when they count."""
        return set() if self._blind is None else found.keys() - self._rows.keys()

    def _by_key(self, rows: Sequence[Row]) -> dict[Key, Row]:
        found = {self._layout.key_of(row): row for row in rows}
        if len(found) < len(rows):
            raise DuplicateKeyError(f"{len(rows)} rows came with {len(found)} different keys")
        return found

    def _baseline(self, found: dict[Key, Row], ts: int, context: Context) -> Change:
        gaps = () if self._ts is None or self._gap is None else (Gap(self._ts, context.until, self._gap),)
        self._gap = None
        self._blind = ts if context.partial else None
        gone = [key for key in self._rows if key not in found]
        self._remember(found, gone, ts)
        return Change(secs=None, last=list(found.values()), gone=gone, gaps=gaps)

    def _remember(self, found: dict[Key, Row], gone: Sequence[Key], ts: int) -> None:
        for key in gone:
            del self._rows[key]
            del self._seen[key]
        self._rows.update(found)
        self._seen.update(dict.fromkeys(found, ts))
        self._ts = ts

    def _survived(self, found: dict[Key, Row]) -> bool:
        """Whether what was counted before an absence is still there.

        Entries that count as a whole are lost in a crash all together, so one that kept its birthday, or its value,
        proves that all were kept. Elsewhere a loss shows in what fell.
        """
        pairs = [(self._rows[key], row) for key, row in found.items() if key in self._rows]
        born, counters = self._layout.born, self._layout.telling
        if born is not None:
            return any(old[born] == new[born] for old, new in pairs)
        if self._layout.whole:
            return any(any(old[at] for at in counters) and not self._layout.differs(old, new) for old, new in pairs)
        return not any(fell(old[at], new[at]) for old, new in pairs for at in counters)

    def _judge(self, key: Key, row: Row, context: Context, *, survived: bool) -> Life | None:
        old = self._rows.get(key)
        if old is None:
            return None
        life = Life.NEW if context.emptied else judge(self._layout, old, row)
        suspect = not survived or (self._evicts and self._seen[key] <= self._suspect)
        return Life.DOUBTFUL if life is Life.LIKELY and suspect else life

    def _difference(self, key: Key, row: Row, life: Life | None) -> Row:
        old = self._rows.get(key)
        if old is None:
            return (*row, False)
        if life is Life.NEW and self._layout.whole:
            return (*row, False)
        anew = life is Life.NEW and began_anew(self._layout, old, row)
        return (*self._subtracted(old, row, anew=anew), life is Life.DOUBTFUL or (life is Life.NEW and not anew))

    def _subtracted(self, old: tuple[Any, ...], new: tuple[Any, ...], *, anew: bool) -> list[Value]:
        """The row with its counters as differences; None where it is not known how far one moved."""
        cells = list(new)
        for position in self._layout.counters:
            before, now = old[position], new[position]
            if before is None or now is None:
                cells[position] = None
            elif now >= before or (position in self._layout.derived and not anew):
                cells[position] = now - before
            elif not anew:
                cells[position] = None
        return cells

    def _moved(self, key: Key, row: Row) -> bool:
        return self._rows.get(key) != row

    def _changed(self, found: dict[Key, Row]) -> list[Row]:
        return [row for key, row in found.items() if self._moved(key, row)]

    def _lost(self, judged: dict[Key, Life | None], gone: Sequence[Key]) -> bool:
        return bool(self._unannounced(judged, gone)) or (Life.DOUBTFUL in judged.values() and not self._evicts)

    def _unannounced(self, judged: dict[Key, Life | None], gone: Sequence[Key]) -> list[int]:
        """When the keys were last seen that lost their entry although no removal was recorded since."""
        fresh = [key for key, life in judged.items() if life is Life.NEW]
        lost = [*fresh, *gone] if self._evicts else fresh
        return [self._seen[key] for key in lost if self._seen[key] >= self._announced]

    def _gaps(
        self, judged: dict[Key, Life | None], gone: Sequence[Key], context: Context, *, survived: bool
    ) -> tuple[Gap, ...]:
        before = self._ts or 0
        if context.moved:
            return (Gap(min(context.moved.since, before), context.until, context.moved.reason),)
        if self._echo is not None:
            return (Gap(before, context.until, self._echo),)
        reason = context.doubt or "reset"
        unannounced = self._unannounced(judged, gone)
        if unannounced or not survived:
            return (Gap(min([before, *unannounced]), context.until, reason),)
        if Life.DOUBTFUL in judged.values() and not self._evicts:
            return (Gap(before, context.until, reason),)
        return ()
