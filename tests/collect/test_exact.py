"""Calls stored and calls inside recorded gaps or uncertain intervals are all the calls made, and never one too many:
for any history of calls, resets, evictions, restarts, crashes, missed passes and restarts of the monitor.

A gap excuses only what an entry had counted when it was taken away within it: what is called after that is stored. Only
where an entry does not tell since when it counts, was taken away alone, and comes back to the very numbers it had, is
nothing to be seen of that: then all of the gap is excused.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collect.pgss import Pgss, Statement
from pgvigil.collect.deltas import Change, Context, Moved, Tracker
from pgvigil.collect.layout import Row
from pgvigil.model import Gap, Reading

STATEMENTS: list[Statement] = [(role, query) for role in (10, 20) for query in range(1, 7)]


@dataclass
class Monitor:
    """The part of the collector that counts: fingerprints, info after statements, both again after a full reset, and
    what is told of absences. `emptied` are the ends of the gaps of full resets after which both were read again."""

    server: Pgss
    tracker: Tracker
    kept: Reading | None = None
    prints: dict[tuple[object, ...], Row] = field(default_factory=dict)
    info: tuple[int, int, int] | None = None
    sure: int | None = None
    doubt: str | None = None
    stored: Counter[Statement] = field(default_factory=Counter)
    gaps: list[Gap] = field(default_factory=list)
    uncertain: list[tuple[Statement, int, int]] = field(default_factory=list)
    emptied: set[int] = field(default_factory=set)

    def look(self, *, keyframe: bool, between: list[str], later: Sequence[str] = ()) -> None:
        server, tracker = self.server, self.tracker
        ts = server.tick()
        before = tracker.ts
        complete = keyframe or self.doubt is not None or before is None
        rows, info = self._read(between)
        emptied = False
        if not server.born and self.info is not None and info[1] != self.info[1]:
            first, complete = info, True
            rows, info = self._read(later)
            emptied = info[:2] == first[:2]
        if not complete:
            rows = [row for row in rows if self.prints.get(row[:2]) != row]
        moved = None
        if self.info is not None and info != self.info and before is not None:
            reason = "eviction" if info[1:] == self.info[1:] else "reset"
            moved = Moved(reason, before if self.sure is None else self.sure)
        context = Context(server.tick(), self.doubt, moved=moved, emptied=emptied, keyframe=keyframe)
        if emptied and before is not None:
            self.emptied.add(context.until)
        change = tracker.update(rows, ts, complete=complete, context=context)
        self._keep(change, before, ts)
        if complete:
            self.prints.clear()
        self.prints.update({row[:2]: row for row in rows})
        self.info, self.sure, self.doubt = info, ts, None

    def restart(self) -> None:
        """The monitor itself is killed: only what was kept remains."""
        self.kept = self.tracker.reading()
        self.tracker = Tracker(self.server.layout, evicts=True)
        self.prints.clear()
        if self.kept is not None:
            self.tracker.restore(self.kept.ts, self.kept.names, self.kept.rows)
            self.doubt = "stopped"

    def _read(self, between: Sequence[str]) -> tuple[list[Row], tuple[int, int, int]]:
        """Statements and then info; a reset of one entry is told by the statements, where its call is counted."""
        rows, resets = self.server.rows(), self.server.resets
        for act in between:
            perform(self.server, act, 3.0)
        return rows, (self.server.dealloc, self.server.reset_at, resets)

    def _keep(self, change: Change, before: int | None, ts: int) -> None:
        for row in change.rows:
            statement = (int(str(row[0])), int(str(row[1])))
            self.stored[statement] += int(str(row[2]))
            if row[-1]:
                assert before is not None
                self.uncertain.append((statement, before, ts))
        self.gaps += change.gaps


def perform(server: Pgss, act: str, time: float) -> None:
    """One thing that happens on the server."""
    kind, _, number = act.partition(" ")
    statement = STATEMENTS[int(number or 0) % len(STATEMENTS)]
    if kind == "call":
        server.call(statement, time)
    elif kind == "reset":
        server.reset_all()
    elif kind == "reset_one":
        server.reset_one(statement)
    elif kind == "storm":
        for query in range(100, 100 + 2 * server.room):
            server.call((10, query + server.now % 997), time)


def joined(gaps: Sequence[Gap]) -> list[Gap]:
    """The gaps, those that overlap as one."""
    found: list[Gap] = []
    for gap in sorted(gaps, key=lambda each: each.since):
        if found and gap.since < found[-1].until:
            found[-1] = replace(found[-1], until=max(gap.until, found[-1].until))
        else:
            found.append(gap)
    return found


def check(server: Pgss, monitor: Monitor, began: int, ended: int) -> None:
    for statement, moments in server.made.items():
        made = sum(1 for moment in moments if began < moment <= ended)
        stored = monitor.stored[statement]
        assert stored <= made, f"{statement}: {stored} stored of {made}"
        open_ = [
            (gap.since, removed if server.born or server.apart or gap.until in monitor.emptied else gap.until)
            for gap in joined(monitor.gaps)
            for removed in server.removed.get(statement, [])
            if gap.since < removed <= gap.until
        ]
        open_ += [(since, until) for each, since, until in monitor.uncertain if each == statement]
        hidden = sum(
            1
            for moment in moments
            if began < moment <= ended and any(since < moment <= until for since, until in open_)
        )
        assert made - stored <= hidden, f"{statement}: {made - stored} of {made} missing, {hidden} accounted for"


acts = st.one_of(
    st.builds("call {}".format, st.integers(0, len(STATEMENTS) - 1)),
    st.builds("call {}".format, st.integers(0, 2)),
    st.builds("reset_one {}".format, st.integers(0, len(STATEMENTS) - 1)),
    st.sampled_from(["look", "look", "look", "keyframe", "reset", "storm", "stop", "restart", "crash", "cut"]),
)
servers = acts.filter(lambda act: act.split()[0] in {"call", "reset", "reset_one", "storm"})
times = st.floats(0.001, 50.0, allow_nan=False)
VERSIONS = pytest.mark.parametrize(
    ("born", "apart"), [(True, False), (False, True), (False, False)], ids=["1.11", "1.10 no two alike", "1.10"]
)


@VERSIONS
@pytest.mark.parametrize("room", [8, 100])
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=st.lists(st.tuples(acts, times), max_size=60))
def test_no_history_loses_a_call_without_a_gap_or_counts_one_too_many(
    born: bool, apart: bool, room: int, history: list[tuple[str, float]]
) -> None:
    server = Pgss(born=born, room=room, apart=apart)
    monitor = Monitor(server, Tracker(server.layout, evicts=True))
    for statement in STATEMENTS[:5]:
        server.call(statement, 1.0)
    began = server.now
    monitor.look(keyframe=True, between=[])
    for act, time in history:
        if act in {"look", "keyframe"}:
            monitor.look(keyframe=act == "keyframe", between=[])
        elif act == "stop":
            monitor.restart()
        elif act == "restart":
            monitor.doubt = "restart"
        elif act == "cut":
            monitor.doubt = "unreachable"
        elif act == "crash":
            server.crash()
            monitor.doubt = "restart"
        else:
            perform(server, act, time)
    monitor.look(keyframe=True, between=[])
    check(server, monitor, began, server.now)


@VERSIONS
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    history=st.lists(
        st.tuples(
            st.lists(servers, max_size=8),
            st.lists(servers, max_size=3),
            st.lists(servers, max_size=3),
            times,
        ),
        max_size=12,
    )
)
def test_what_happens_between_reading_the_statements_and_the_info_is_accounted_for(
    born: bool, apart: bool, history: list[tuple[list[str], list[str], list[str], float]]
) -> None:
    server = Pgss(born=born, room=10, apart=apart)
    monitor = Monitor(server, Tracker(server.layout, evicts=True))
    began = server.now
    monitor.look(keyframe=True, between=[])
    for acts_, between, later, time in history:
        for act in acts_:
            perform(server, act, time)
        monitor.look(keyframe=False, between=between, later=later)
    monitor.look(keyframe=True, between=[])
    check(server, monitor, began, server.now)
