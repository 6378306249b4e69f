"""Who waits behind whom, asked right after a look at the sessions: when, how often, and what is handed over."""

from collections.abc import Sequence

import pytest

from collect.test_mends import CATALOG, Overheard, capabilities, station
from pgvigil.collect.clock import Clocks, ServerClock
from pgvigil.collect.edges import SHARE, Edges
from pgvigil.collect.governor import Governor
from pgvigil.collect.heart import Heart
from pgvigil.collect.live import Hub
from pgvigil.collect.reporting import Reporter
from pgvigil.collect.series import Moment
from pgvigil.collect.station import Station
from pgvigil.collect.telling import Telling
from pgvigil.collect.tools import Tools
from pgvigil.model import Batch, Outcome, Value
from pgvigil.pg import Failure, FailureKind, Rows

S = 1_000_000
NAMES = CATALOG.probes["locks"].returns["14.sql"]
TRIP = 2.0


def tools_of(watched: Station) -> Tools:
    clocks = Clocks()
    clock, hub = ServerClock(clocks), Hub()
    reporter = Reporter("shop", hub, clocks.wall, clocks.steady)
    return Tools(watched, Governor(), reporter, hub, clocks, clock, Heart(clocks, clock))


class Told:
    """Edges, what they handed over, and a signal that can be set."""

    def __init__(self, watched: Station) -> None:
        self.watched = watched
        outbox = Overheard()
        self.posted: list[Batch] = outbox.posted
        tools = tools_of(watched)
        self.edges = Edges(tools, Telling(watched), outbox, 1.0)
        self.edges.choose()

    def look(self, second: float, waiters: int, cost_ms: float = 1.0, rows: Sequence[tuple[Value, ...]] = ()) -> bool:
        """A look at the sessions, and what follows it; whether the locks were asked for."""
        self.watched.signals["sessions.lock_waiters"] = waiters
        requests = self.edges.requests(second)
        replies = [Rows("locks", NAMES, list(rows), cost_ms + TRIP)] if requests else []
        self.edges.take(replies, Moment(round(second * S), round(second * S) + 1, second), TRIP)
        return bool(requests)

    def fail(self, second: float) -> None:
        self.watched.signals["sessions.lock_waiters"] = 1
        assert self.edges.requests(second)
        late = Failure("locks", FailureKind.DEADLINE, "57014", "took too long", 500.0)
        self.edges.take([late], Moment(round(second * S), round(second * S) + 1, second), TRIP)


@pytest.fixture
async def told() -> Told:
    watched = station()
    await watched.arrive(capabilities(), S, away=True)
    return Told(watched)


def row(waiter: int, blocker: int, lost: float = 1.0) -> tuple[Value, ...]:
    given: dict[str, Value] = {"waiter": waiter, "blocker": blocker, "lost": lost, "waited": 9.0, "queryid": 3}
    return tuple(given.get(name) for name in NAMES)


async def test_locks_are_asked_for_in_every_second_in_which_somebody_waits(told: Told) -> None:
    assert not told.look(1, 0)
    assert [told.look(second, 2) for second in (2.0, 3.04, 3.97, 5.0)] == [True] * 4
    assert not told.look(6, 0)


async def test_the_end_of_all_waiting_is_a_reading_without_rows_and_told_once(told: Told) -> None:
    told.look(1, 1, rows=[row(8, 7)])
    told.look(2, 0)
    told.look(3, 0)
    assert [(batch.probe, batch.outcome, len(batch.rows)) for batch in told.posted] == [
        ("locks", Outcome.OK, 1),
        ("locks", Outcome.OK, 0),
    ]
    assert [batch.ts for batch in told.posted] == [S, 2 * S]


async def test_time_lost_counts_the_seconds_since_the_look_before(told: Told) -> None:
    lost = NAMES.index("lost")
    for second in (1.0, 2.0, 5.0):
        told.look(second, 1, rows=[row(8, 7), row(9, 7, 0.5)])
    assert [[one[lost] for one in batch.rows] for batch in told.posted] == [[1.0, 0.5], [1.0, 0.5], [2.0, 1.0]]
    assert [batch.secs for batch in told.posted] == [1.0, 1.0, 2.0]
    assert all(one[NAMES.index("waited")] == 9.0 for batch in told.posted for one in batch.rows)


@pytest.mark.parametrize("cost_ms", [1.0, 50.0, 400.0])
async def test_what_is_dear_is_asked_so_seldom_that_it_takes_its_share_and_no_more(told: Told, cost_ms: float) -> None:
    seconds = 120
    asked = sum(told.look(float(second), 500, cost_ms) for second in range(1, seconds + 1))
    taken = asked * cost_ms / 1000 / seconds
    assert taken <= SHARE * 1.35  # the first look's cost is not known beforehand
    assert taken >= min(SHARE, cost_ms / 1000) * 0.8
    found = told.edges.stretched
    if cost_ms < 10:
        assert found == ()
        return
    assert [(it.probe, it.usual) for it in found] == [("locks", 1.0)]
    assert found[0].every == pytest.approx(cost_ms / 1000 / SHARE)
    assert f"asked every {cost_ms / 10:.0f} s instead of every 1 s" in found[0].reason


async def test_once_nobody_waits_the_next_time_begins_with_every_second(told: Told) -> None:
    for second in range(1, 20):
        told.look(float(second), 500, 50.0)
    told.look(20.0, 0)
    assert told.edges.stretched == ()
    assert told.look(21.0, 1)


async def test_who_is_in_whose_way_is_known_while_somebody_waits(told: Told) -> None:
    told.look(1, 1, rows=[row(8, 7), row(8, 6), row(9, 8)])
    assert told.edges.blockers == {8: (7, 6), 9: (8,)}
    told.look(2, 0)
    assert told.edges.blockers == {}


async def test_a_failure_is_kept_as_one_and_rests(told: Told) -> None:
    told.fail(1.0)
    assert [(batch.outcome, list(batch.rows)) for batch in told.posted] == [(Outcome.LATE, [])]
    assert not told.look(2, 1)
    assert list(told.watched.memory.reasons) == ["locks"]
    told.look(3, 0)
    assert not told.watched.memory.reasons  # nobody waits: nothing is missing
    assert not told.look(4, 1)
    assert told.look(400, 1)
