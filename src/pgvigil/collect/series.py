"""One probe at one place: what to send for it, and what its rows mean beside those before.

`CounterSeries` differences · `SnapshotSeries` rows as read · `PlainSeries` everything each time, or each key once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pgvigil.catalog.types import Query, Shape, Takes
from pgvigil.collect.cleaning import Cleaner, WrongColumnsError
from pgvigil.collect.deltas import Context, Moved, Tracker
from pgvigil.collect.happenings import StateEvents
from pgvigil.collect.layout import Key, Row, layout_of
from pgvigil.collect.wanted import TOLD_FOR
from pgvigil.model import Event, Gap, PgvigilError, Reading
from pgvigil.pg import Parameter, Rows, int8_array

_GROWTH = 1.25
_GROWTH_ROWS = 500
"""So many keys beyond those of the last complete reading, and another one is made to forget what vanished."""

_MOST_ONCE = 20_000

STATEMENTS_RELATION = "pg_stat_statements"


class OvertakenError(PgvigilError):
    """A reply was asked for before something happened that calls for a complete reading."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a reading was made: not before `ts`, not after `until` (microseconds, server's clock); `steady` is our own
    clock (seconds) at `ts`."""

    ts: int
    until: int
    steady: float


@dataclass(frozen=True, slots=True)
class Brought:
    """What a reading brought, in the words of a Batch."""

    names: tuple[str, ...]
    secs: float | None
    complete: bool = True
    rows: Sequence[Row] = ()
    last: Sequence[Row] = ()
    gone: Sequence[Key] = ()
    events: tuple[Event, ...] = ()
    gaps: tuple[Gap, ...] = ()


@dataclass(slots=True)
class _Known:
    """What the server need not send again, and when all of it was last asked for."""

    prints: dict[Key, int] = field(default_factory=dict)
    size: int = 0
    keyframe_at: float = float("-inf")


class Series:
    """What all series share: columns, cleaning, fingerprints, and when the reading before was made."""

    def __init__(self, query: Query, cleaner: Cleaner) -> None:
        self.query = query
        self.layout = layout_of(query.columns, query.probe.key)
        self.echoes = True
        self._cleaner = cleaner
        self._known = _Known()
        self._doubt: str | None = None
        self._before: int | None = None
        self._steady: float | None = None
        # Until `parameters` says otherwise, what comes was asked by somebody else.
        self._complete = not query.changed_by
        self._retired = False
        self._keyframe = True

    def parameters(self, now: float, *, quiet: bool = False) -> tuple[Parameter, ...]:
        """What to send with the query at `now` (seconds): fingerprints of what is known, where it takes any; if `quiet`
        none this time."""
        every = self.query.probe.keyframe
        due = every is not None and now - self._known.keyframe_at >= every
        self._keyframe = due or self._doubt is not None or self._before is None
        grown = len(self._known.prints) > _GROWTH * self._known.size + _GROWTH_ROWS
        self._complete = self._keyframe or grown or quiet or not self.query.changed_by or not self.echoes
        if not self.query.changed_by:
            return ()
        return (int8_array([] if self._complete else list(self._known.prints.values())),)

    def absorb(self, reply: Rows, moment: Moment, *, partial: bool = False) -> Brought:
        """Take a reading in, which lacks rows if `partial`; raises PgvigilError where it is not what was declared."""
        raise NotImplementedError

    def retire(self) -> None:
        """Another takes its place: what was asked for this one and is still under way is not taken in."""
        self._retired = True

    def restore(self, reading: Reading) -> None:
        """Go on from a kept reading; only what is compared with the reading before has any."""

    def reading(self) -> Reading | None:
        """What was read last, as far as it is compared with what comes next."""
        return None

    @property
    def gap(self) -> str | None:
        """The reason of the gap that the next reading ends; only counters have any."""
        return None

    def doubt(self, reason: str) -> None:
        """We were away (`restart`, `unreachable`, `stopped`): the next reading is complete, and judged as such."""
        if self._before is not None:
            self._doubt = reason

    def forget(self, reason: str) -> None:  # noqa: ARG002 - only counters tell of the gap
        """What was read before cannot be compared any more; `reason` is that of the gap this makes."""
        self._known = _Known()
        self._doubt = self._before = self._steady = None

    def _take(self, reply: Rows, *, partial: bool) -> list[Row]:
        """The cleaned rows without fingerprints, which are remembered."""
        # The connection of a visit is another: while its replies are under way, an absence may be noticed elsewhere.
        judged = self._before is not None and self._doubt is None
        if self._retired or not (judged or self._complete):
            raise OvertakenError("what is known of the server changed while this was asked")
        self._complete = self._complete and not partial
        width = len(self.layout.names)
        if reply.names[:width] != self.layout.names:
            raise WrongColumnsError(f"{self.query.file} returned {reply.names}, declared are {self.layout.names}")
        if not self.query.changed_by:
            return self._cleaner(reply.rows)
        rows = self._cleaner([row[:width] for row in reply.rows])
        prints = self._known.prints
        if self._complete:
            prints.clear()
            self._known.size = len(rows)
        for raw, row in zip(reply.rows, rows, strict=True):
            mark = raw[width]
            if isinstance(mark, int):
                prints[self.layout.key_of(row)] = mark
        return rows

    def _passed(self, moment: Moment) -> float | None:
        """Seconds since the reading before; by our own clock where the server's was set back."""
        if self._before is None:
            return None
        secs = (moment.ts - self._before) / 1e6
        if secs > 0:
            return secs
        return None if self._steady is None else max(moment.steady - self._steady, 0.001)

    def _done(self, moment: Moment) -> None:
        self._before, self._steady, self._doubt = moment.ts, moment.steady, None
        if self._keyframe:
            self._known.keyframe_at = moment.steady


class CounterSeries(Series):
    """Counters, kept as differences."""

    def __init__(self, query: Query, cleaner: Cleaner) -> None:
        super().__init__(query, cleaner)
        self.tracker = Tracker(self.layout, evicts=query.probe.relation == STATEMENTS_RELATION)
        self._states = StateEvents(query)
        self._moved: Moved | None = None
        self._emptied = False

    def announce(self, moved: Moved, *, emptied: bool = False) -> None:
        """Entries were reset or evicted since the reading before; all of them, and before this one, if `emptied`."""
        self._moved, self._emptied = moved, emptied

    def restore(self, reading: Reading) -> None:
        """Count on from a kept reading."""
        self.tracker.restore(reading.ts, reading.names, reading.rows)
        self._before = reading.ts

    def reading(self) -> Reading | None:
        """The last absolute values."""
        return self.tracker.reading()

    @property
    def gap(self) -> str | None:
        """The reason of the gap that the next reading ends."""
        return self.tracker.gap

    def forget(self, reason: str) -> None:
        """Make the next reading a baseline after a gap."""
        super().forget(reason)
        self.tracker.forget(reason)

    def absorb(self, reply: Rows, moment: Moment, *, partial: bool = False) -> Brought:
        """Differences to the reading before; none for the first one."""
        rows = self._take(reply, partial=partial)
        # A probe without a keyframe tells everything each time.
        keyframe = self._keyframe or self.query.probe.keyframe is None
        emptied = self._emptied and self._complete
        context = Context(
            moment.until, self._doubt, moved=self._moved, emptied=emptied, keyframe=keyframe, partial=partial
        )
        events = self._events(rows, moment.ts)
        change = self.tracker.update(rows, moment.ts, complete=self._complete, context=context)
        if change.lost:
            events.append(Event(moment.ts, "reset", self.query.probe.name))
        secs = None if change.secs is None else self._passed(moment)
        self._done(moment)
        self._moved, self._emptied = None, False
        whole = self._complete and (keyframe or secs is None)
        return Brought(
            self.layout.names, secs, whole, change.rows, change.last, change.gone, tuple(events), change.gaps
        )

    def _events(self, rows: Sequence[Row], ts: int) -> list[Event]:
        return self._states.between(((self.tracker.row(self.layout.key_of(row)), row) for row in rows), ts)


class SnapshotSeries(Series):
    """Rows as read; with a keyframe only those that changed, and all of them at each keyframe."""

    def __init__(self, query: Query, cleaner: Cleaner) -> None:
        super().__init__(query, cleaner)
        self._rows: dict[Key, Row] = {}
        self._states = StateEvents(query)

    def restore(self, reading: Reading) -> None:
        """Compare with a kept reading."""
        rows = self.layout.realign(reading.names, reading.rows)
        self._rows = {self.layout.key_of(row): row for row in rows}
        self._before = reading.ts

    def reading(self) -> Reading | None:
        """The rows read last."""
        return None if self._before is None else Reading(self._before, self.layout.names, list(self._rows.values()))

    def absorb(self, reply: Rows, moment: Moment, *, partial: bool = False) -> Brought:
        """The rows that changed or, at a keyframe, all."""
        found = {self.layout.key_of(row): row for row in self._take(reply, partial=partial)}
        keyframe = self._keyframe or self.query.probe.keyframe is None
        changed = {key: row for key, row in found.items() if self._rows.get(key) != row}
        events = self._states.between(((self._rows.get(key), row) for key, row in changed.items()), moment.ts)
        gone = [key for key in self._rows if key not in found] if self._complete else []
        for key in gone:
            del self._rows[key]
        self._rows.update(changed)
        secs = self._passed(moment)
        self._done(moment)
        return Brought(
            self.layout.names,
            secs,
            self._complete and keyframe,
            rows=list((found if keyframe else changed).values()),
            last=list((found if keyframe else changed).values()),
            gone=gone,
            events=tuple(events),
        )


class PlainSeries(Series):
    """Everything each time; where `once`, only rows that were not told before, texts once a day."""

    def __init__(self, query: Query, cleaner: Cleaner, *, once: bool) -> None:
        super().__init__(query, cleaner)
        self._once = once
        self._told: set[Row] = set()
        self._told_since = float("-inf")

    def forget(self, reason: str) -> None:
        """Tell everything again."""
        super().forget(reason)
        self._told.clear()

    def absorb(self, reply: Rows, moment: Moment, *, partial: bool = False) -> Brought:
        """The rows as read."""
        rows = self._take(reply, partial=partial)
        if self._once:
            if self.query.probe.shape is Shape.DIMENSION and moment.steady - self._told_since >= TOLD_FOR:
                self._told.clear()
                self._told_since = moment.steady
            rows = [row for row in rows if row not in self._told]
            if len(self._told) > _MOST_ONCE:
                self._told.clear()
            self._told.update(rows)
        secs = self._passed(moment)
        self._done(moment)
        return Brought(self.layout.names, secs, self._complete, rows=rows)


def series_for(query: Query, cleaner: Cleaner) -> Series:
    """The series that suits a probe's shape."""
    shape = query.probe.shape
    if shape is Shape.COUNTERS:
        return CounterSeries(query, cleaner)
    if shape is Shape.SNAPSHOT:
        return SnapshotSeries(query, cleaner)
    once = shape is Shape.EVENTS or (shape is Shape.DIMENSION and query.takes is Takes.NOTHING)
    return PlainSeries(query, cleaner, once=once)
