"""When entries were taken out of pg_stat_statements: evicted for want of room, or reset.

Three witnesses: the counter of evictions and the moment of the last full reset (pg_stat_statements_info), and the
statements that call pg_stat_statements_reset, which are counted themselves. The info is read after the statements, so
what it tells of happened after the last pass in which both were read.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from pgvigil.collect.deltas import Moved, Tracker
from pgvigil.collect.layout import Layout, Row
from pgvigil.model import Event, Value

_RESETS = re.compile(r"\bpg_stat_statements_reset\b", re.IGNORECASE)
_QUIET = 300_000_000
"""Microseconds without an eviction after which the next one is an event again."""

SUBJECT = "pg_stat_statements"


class Removals:
    """Watches one pg_stat_statements."""

    def __init__(self) -> None:
        self._dealloc: Value = None
        self._reset: Value = None
        self._known = False
        self._sure: int | None = None
        self._pending: Moved | None = None
        self._resetting: set[Value] = set()
        self._evicted_at = -_QUIET

    def restore(self, layout: Layout, row: Row, sure: int) -> None:
        """Go on from the info that was kept, read together with the statements at `sure`."""
        self._dealloc, self._reset = _info(layout, row)
        self._known = True
        self._sure = sure

    def learn(self, texts: Mapping[Value, Value]) -> None:
        """Remember which statements (queryid: text) are resets."""
        self._resetting |= {queryid for queryid, text in texts.items() if text and _RESETS.search(str(text))}

    def watch(self, tracker: Tracker, names: Sequence[str], rows: Iterable[Row]) -> None:
        """Look whether a reset was called since the reading before; to be asked before `rows` are taken in."""
        if tracker.ts is None or not self._resetting or "queryid" not in names:
            return
        queryid, calls = names.index("queryid"), names.index("calls")
        for row in rows:
            if row[queryid] in self._resetting:
                old = tracker.row(tracker.layout.key_of(row))
                if old is None or old[calls] != row[calls]:
                    self._move("reset", tracker.ts)

    def emptied(self, layout: Layout, row: Row) -> bool:
        """Whether the info of a pass tells of a full reset that was not taken in yet."""
        return self._known and _info(layout, row)[1] != self._reset

    def inform(self, layout: Layout, row: Row, ts: int) -> list[Event]:
        """Take in the info of a pass; what moved becomes events."""
        dealloc, reset = _info(layout, row)
        before, self._dealloc = self._dealloc, dealloc
        reset_before, self._reset = self._reset, reset
        known, self._known = self._known, True
        if not known or (dealloc, reset) == (before, reset_before):
            return []
        since = ts if self._sure is None else self._sure
        if reset != reset_before or not _rose(before, dealloc):
            self._move("reset", since)
            return [Event(ts, "reset", SUBJECT)]
        self._move("eviction", since)
        quiet = ts - self._evicted_at >= _QUIET
        self._evicted_at = ts
        return [Event(ts, "eviction", SUBJECT, str(before), str(dealloc))] if quiet else []

    def take(self) -> Moved | None:
        """What moved since this was last asked."""
        moved, self._pending = self._pending, None
        return moved

    def settled(self, ts: int) -> None:
        """Statements and then info were both read in the pass that began at `ts`."""
        self._sure = ts

    def _move(self, reason: str, since: int) -> None:
        pending = self._pending
        if pending is None:
            self._pending = Moved(reason, since)
        else:
            self._pending = Moved("reset" if reason == "reset" else pending.reason, min(since, pending.since))


def _info(layout: Layout, row: Row) -> tuple[Value, Value]:
    return row[layout.names.index("dealloc")], row[layout.names.index("stats_reset")]


def _rose(before: Value, after: Value) -> bool:
    return isinstance(before, int) and isinstance(after, int) and after > before
