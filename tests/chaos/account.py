"""What calls are made, against what is stored of them, and what excuses that some are missing.

A gap reaches from the last pass before a removal (a reset, a crash, an eviction) to the first one after it, but it
excuses only calls that began before the removal was over, and only of entries that it took: the others are stored, or
their rows are marked uncertain.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from chaos.caller import Call, Key, Ledger, microseconds
from pgvigil.store import Store

Ids = tuple[int, int, int]
"""Role, database and queryid, as the server numbers them."""

Span = tuple[int, int]
"""From, to, in microseconds."""

LONGEST_READING = 1_000_000
"""Microseconds from the beginning of a pass to the end of a gap that it closes."""

TELLS_AGE = 17
"""From this major on an entry says since when it counts: nothing that was not removed is uncertain, and every call that
came after a removal can be told from those before."""

TWINS = 2
"""So many statements that were reset alone may, before TELLS_AGE, come back to the very numbers they had, the time they
took included, by the ticks of the clock (of ten nanoseconds on some machines): nothing is to be seen of that, so there
all of the gap is excused."""

TIMES = 3
"""How often each statement is called between resets that leave it with equal counts."""

LIVES = """
    select userid, dbid, queryid, last_value(stats_since ignore nulls) over (
        partition by userid, dbid, queryid order by ts
    ) as since, ts from statements where toplevel qualify since is not null
"""


@dataclass(frozen=True, slots=True)
class Removal:
    """Entries went between these moments (microseconds), for one of the reasons that a gap may give: all, or one."""

    began: int
    ended: int
    reasons: frozenset[str]
    ids: Ids | None = None

    def within(self, since: int, until: int) -> bool:
        """Whether it may have happened in this span."""
        return since < self.ended and self.began <= until


@dataclass(frozen=True, slots=True)
class Even:
    """Between these moments (microseconds) each statement was called TIMES times, each time with equal counts, and all
    that was called before was read before."""

    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store says, times in microseconds: the calls of each entry, and what may excuse that some are missing.

    `lives` are, by entry, since when it counted and when it was read, as far as its rows tell.
    """

    calls: dict[Ids, int]
    passes: list[int]
    gaps: list[tuple[int, int, str]]
    doubts: dict[Ids, list[Span]]
    lives: dict[Ids, list[Span]]

    @classmethod
    def of(cls, store: Store, *, tells_age: bool) -> Self:
        """Read it from a store."""
        calls = store.query("select userid, dbid, queryid, sum(calls) from statements where toplevel group by all").rows
        passes = store.query("select ts from passes where probe = 'statements' and outcome = 'ok' order by ts").rows
        gaps = store.query("select since, until, reason from gaps where probe = 'statements'").rows
        unsure = store.query("select userid, dbid, queryid, ts, secs from statements where uncertain and toplevel").rows
        doubts: dict[Ids, list[Span]] = {}
        for userid, dbid, each, ts, secs in unsure:
            # A reading is over somewhat later than its row says: where it closed a gap, that tells when.
            read = max([ts, *(until for since, until, _ in gaps if since < ts <= until)])
            doubts.setdefault((userid, dbid, each), []).append((ts - round(secs * 1e6), read))
        lives: dict[Ids, list[Span]] = {}
        for userid, dbid, each, since, ts in store.query(LIVES).rows if tells_age else ():
            lives.setdefault((userid, dbid, each), []).append((since, ts))
        return cls(
            {(userid, dbid, each): int(count) for userid, dbid, each, count in calls},
            [ts for (ts,) in passes],
            [(since, until, reason) for since, until, reason in gaps],
            doubts,
            lives,
        )

    def hides(self, ids: Ids, call: Call, removals: Sequence[Removal] | None) -> bool:
        """Whether a call may be missing: made before the end of a removal of its entry (None: at any time) within a gap
        that covers both, and not read before that; or where its entry's row is marked uncertain."""
        if any(since < call.ended and call.began <= until for since, until in self.doubts.get(ids, ())):
            return True
        if any(since < call.began and call.ended <= ts for since, ts in self.lives.get(ids, ())):
            return False
        covering = [(since, until) for since, until, _ in self.gaps if since < call.ended and call.began <= until]
        if removals is None:
            return bool(covering)
        taken = [each for each in removals if each.ids in {None, ids} and call.began <= each.ended]
        return any(each.within(since, until) for since, until in covering for each in taken)


def accounted(
    kept: Kept, ledger: Ledger, ids_of: Mapping[Key, Ids], removals: Sequence[Removal] | None, *, twins: int = 0
) -> tuple[int, int, int]:
    """Check every key; returns calls made, stored, and missing within gaps.

    `removals` are all that there were, None where nobody knows; for as many keys as `twins` all of a gap is excused.
    """
    total = found = missing = 0
    alike = []
    for key, calls in ledger.calls.items():
        ids = ids_of[key]
        stored = kept.calls.get(ids, 0)
        assert stored <= len(calls), f"{key}: {stored} stored, {len(calls)} made"
        sure = [call for call in calls if call.sure]
        hidden = sum(kept.hides(ids, call, removals) for call in sure)
        said = f"{key}: {len(sure)} made, {stored} stored, only {hidden} of them may be missing"
        if len(sure) - stored > hidden and twins:
            alike.append(said)
            hidden = sum(kept.hides(ids, call, None) for call in sure)
        assert len(sure) - stored <= hidden, f"{said}, gaps {kept.gaps}"
        total, found, missing = total + len(sure), found + stored, missing + max(0, len(sure) - stored)
    assert len(alike) <= twins, alike
    return total, found, missing


def uncovered(kept: Kept, removals: Sequence[Removal]) -> list[Removal]:
    """Removals of all entries that no gap covers from beginning to end, or only with a reason that is not theirs."""
    found = []
    for removal in removals:
        around = sorted(gap for gap in kept.gaps if removal.within(gap[0], gap[1]))
        reached = around[0][0] if around else removal.ended
        for since, until, _ in around:  # it may have come amid a pass: then its gap is that of two
            reached = max(reached, until) if since <= reached else reached
        covered = bool(around) and around[0][0] < removal.began and removal.ended <= reached
        if removal.ids is None and not (covered and removal.reasons & {reason for _, _, reason in around}):
            found.append(removal)
    return found


def uneven(store: Store, kept: Kept, ids_of: Mapping[Key, Ids], evens: Sequence[Even]) -> list[str]:
    """Statements that were called TIMES times between equal counts, and are stored with another number, or in doubt."""
    found = []
    for even in evens:
        first, last = (next(ts for ts in kept.passes if ts > moment) for moment in (even.since, even.until))
        rows = store.query(
            "select userid, dbid, queryid, sum(calls), bool_or(uncertain) from statements "
            "where toplevel and ts > make_timestamp(?) and ts <= make_timestamp(?) group by all",
            (first, last),
        ).rows
        counts = {(userid, dbid, each): (int(calls), doubt) for userid, dbid, each, calls, doubt in rows}
        for key, ids in ids_of.items():
            if counts.get(ids) != (TIMES, False):
                found.append(f"{key}: {counts.get(ids)} instead of {TIMES} times")
    return found


def stray(found: Iterable[Span], removals: Sequence[Removal], passes: Sequence[int]) -> list[Span]:
    """Those of gaps and doubts that reach beyond what a removal explains: from a reading before it to one after it.

    A pass more on either side is granted, which may have been under way; removals between two passes belong together.
    """
    allowed: list[Span] = []
    for removal in sorted(removals, key=lambda each: each.began):
        before = [ts for ts in passes if ts < removal.began][-2:]
        after = [ts for ts in passes if ts > removal.ended][:2]
        since, until = (before or [0])[0], (after or [microseconds()])[-1] + LONGEST_READING
        if allowed and since <= allowed[-1][1]:
            since, until = allowed[-1][0], max(until, allowed.pop()[1])
        allowed.append((since, until))
    return [(since, until) for since, until in found if not any(a <= since and until <= b for a, b in allowed)]
