"""What interrupts the collector between two of its steps: nothing is counted whole, lost or told twice for it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from pgvigil.catalog import load
from pgvigil.catalog.types import Type
from pgvigil.collect.clock import Clocks, ServerClock
from pgvigil.collect.governor import Governor
from pgvigil.collect.heart import Heart
from pgvigil.collect.live import Hub
from pgvigil.collect.outbox import Outbox
from pgvigil.collect.quiet import limit_for
from pgvigil.collect.reporting import Problem, Reporter
from pgvigil.collect.sampler import Sampler
from pgvigil.collect.schedule import Schedule, Turn
from pgvigil.collect.series import Brought, CounterSeries, Moment, OvertakenError, Series
from pgvigil.collect.station import Station
from pgvigil.collect.telling import Telling
from pgvigil.collect.tools import Tools
from pgvigil.model import (
    Batch,
    Capabilities,
    Condition,
    Gap,
    Identity,
    KeeperBusyError,
    KeeperState,
    Outcome,
    PgvigilError,
    Reading,
    Secret,
    Target,
    Value,
)
from pgvigil.pg import Failure, FailureKind, Reply, Rows

S = 1_000_000
CATALOG = load()
SERVER = CATALOG.probes["server"]
STATEMENTS = CATALOG.probes["statements"]


def capabilities(*, sees_all: bool = True, started_at: int = 0, in_recovery: bool = False) -> Capabilities:
    return Capabilities(
        identity=Identity(7, 180_000, 1),
        version="18.0",
        started_at=started_at,
        in_recovery=in_recovery,
        pooled=False,
        role="monitor",
        database="shop",
        is_superuser=False,
        roles=frozenset({"pg_monitor", "pg_read_all_stats", "pg_read_all_settings"} if sees_all else ()),
        extensions={"pg_stat_statements": ("public", "1.12")},
        columns={
            relation: frozenset(column for probe in CATALOG.probes.values() for column in probe.columns)
            for relation in CATALOG.relations
        },
        settings={"shared_preload_libraries": "pg_stat_statements", "track_counts": "on", "compute_query_id": "on"},
    )


class Kept:
    """A keeper in memory: busy at the readings of these probes, once each."""

    def __init__(self, readings: dict[str, Reading] | None = None, busy: Sequence[str] = ()) -> None:
        self.known = readings or {}
        self.busy = list(busy)
        self.epoch = 0

    async def begin_epoch(self, target: int, now: int) -> int:  # noqa: ARG002
        self.epoch += 1
        return self.epoch

    async def incarnation(self, target: int, identity: Identity, now: int) -> int:  # noqa: ARG002
        return identity.timeline or 0

    async def readings(self, target: int, incarnation: int, probe: str) -> dict[int, Reading]:  # noqa: ARG002
        if probe in self.busy:
            self.busy.remove(probe)
            raise KeeperBusyError("busy")
        return {0: self.known[probe]} if probe in self.known else {}

    async def append(self, batches: Sequence[Batch]) -> None:  # noqa: ARG002
        return

    @property
    def state(self) -> KeeperState:
        return KeeperState()


def station(keeper: Kept | None = None) -> Station:
    return Station(Target(1, "shop", Secret("")), CATALOG, keeper or Kept(), salt=b"", allowed_tags=frozenset())


async def test_a_keeper_that_is_busy_half_way_through_the_readings_is_asked_for_all_of_them_again() -> None:
    last = list(CATALOG.probes)[-1]
    keeper = Kept({last: Reading(5, ("x",), [(1,)])}, busy=[last])
    watched = station(keeper)
    with pytest.raises(KeeperBusyError):
        await watched.arrive(capabilities(), 10, away=True)
    assert watched.standing is None
    await watched.arrive(capabilities(), 10, away=True)
    assert watched.known().epoch == 2
    assert watched.kept(last) is not None


class Choosy(Kept):
    """A keeper that takes no facts of one probe, nor anything together with them."""

    def __init__(self, refuses: str) -> None:
        super().__init__()
        self.refuses = refuses
        self.kept: list[Batch] = []

    async def append(self, batches: Sequence[Batch]) -> None:
        if any(batch.probe == self.refuses and batch.rows for batch in batches):
            raise PgvigilError("no")
        self.kept += batches


async def test_a_refused_batch_takes_no_other_along_and_leaves_a_gap() -> None:
    keeper, refused = Choosy("tables"), list[Batch]()
    outbox = Outbox(keeper.append, 4, refused.append)
    good = Batch(1, 1, "statements", 1, 1, 20 * S, 10.0, Outcome.OK, 1.0, rows=[(1,)])
    outbox.post([good, replace(good, probe="tables"), replace(good, probe="indexes")])
    outbox.post([replace(good, pass_no=2)])
    with pytest.raises(PgvigilError, match="no"):
        await outbox.deliver()
    assert not outbox.pending
    assert [(each.probe, each.pass_no) for each in keeper.kept] == [
        ("statements", 1), ("tables", 1), ("indexes", 1), ("statements", 2)
    ]  # fmt: skip
    (told,) = refused
    assert told.probe == "tables"
    emptied = keeper.kept[1]
    assert (emptied.outcome, list(emptied.rows), emptied.gaps) == (Outcome.FAILED, [], (Gap(10 * S, 20 * S, "failed"),))


def series_of(watched: Station, name: str) -> CounterSeries:
    found = watched.series(name)
    assert isinstance(found, CounterSeries)
    return found


def reply_of(series: Series, *numbers: int) -> Rows:
    """A reading in which the entry of queryid `number` has that many calls, and a fingerprint where one is due."""
    names = series.layout.names
    blank: dict[str, Value] = {column.name: True if column.type is Type.BOOL else 1 for column in series.query.columns}
    rows = [tuple({**blank, "queryid": number, "calls": number}[name] for name in names) for number in numbers]
    if series.query.changed_by:
        return Rows("statements", (*names, "pgvigil_fingerprint"), [(*row, 1) for row in rows], 1.0)
    return Rows("statements", names, rows, 1.0)


def absorb(series: Series, at: int, *numbers: int, partial: bool = False) -> Brought:
    series.parameters(float(at))
    return series.absorb(reply_of(series, *numbers), Moment(at * S, at * S + 1, float(at)), partial=partial)


async def test_what_was_out_of_sight_for_one_pass_comes_back_as_a_baseline_after_a_gap() -> None:
    watched = station()
    await watched.arrive(capabilities(), S, away=True)
    absorb(series_of(watched, "statements"), 10, 1, 2, 3)
    watched.forget_statements()
    absorb(series_of(watched, "statements"), 20, 1)
    await watched.arrive(capabilities(sees_all=False), 21 * S, away=False)
    assert "statements" in watched.invisible
    await watched.arrive(capabilities(), 29 * S, away=False)
    brought = absorb(series_of(watched, "statements"), 30, 1, 2, 3)
    assert (brought.secs, list(brought.rows)) == (None, [])
    assert brought.gaps == (Gap(20 * S, 30 * S + 1, "identity"),)


async def test_what_a_baseline_lacks_of_the_rows_before_is_told_to_be_gone() -> None:
    watched = station()
    await watched.arrive(capabilities(), S, away=True)
    statements = series_of(watched, "statements")
    absorb(statements, 10, 1, 2)
    statements.forget("identity")
    gone = absorb(statements, 20, 1).gone
    at = statements.query.probe.key.index("queryid")
    assert [key[at] for key in gone] == [2]


async def test_an_object_that_could_never_be_read_counts_from_when_it_can_be() -> None:
    watched = station()
    await watched.arrive(capabilities(), S, away=True)
    statements = series_of(watched, "statements")
    absorb(statements, 10, 1, partial=True)
    assert len(absorb(statements, 20, 1, partial=True).gaps) == 0
    brought = absorb(statements, 30, 1, 500)
    at = statements.layout.names.index("queryid")
    assert 500 not in [row[at] for row in brought.rows]
    assert brought.gaps == (Gap(10 * S, 30 * S + 1, "failed"),)
    at = statements.layout.names.index("queryid")
    assert [row[at] for row in absorb(statements, 40, 1, 500, 700).rows if row[at] == 700] == [700]


@pytest.mark.parametrize("happens", ["doubt", "forget", "exchange"])
async def test_a_reply_that_was_asked_before_an_absence_was_noticed_is_left_out(happens: str) -> None:
    watched = station()
    await watched.arrive(capabilities(), S, away=True)
    asked = series_of(watched, "statements")
    absorb(asked, 10, 1)
    asked.parameters(20.0)
    if happens == "exchange":
        await watched.arrive(capabilities(sees_all=False), 21 * S, away=False)
        await watched.arrive(capabilities(), 22 * S, away=False)
        assert series_of(watched, "statements") is not asked
    elif happens == "doubt":
        asked.doubt("unreachable")
    else:
        asked.forget("identity")
    for series in {asked, series_of(watched, "statements")}:
        with pytest.raises(OvertakenError):
            series.absorb(reply_of(series), Moment(20 * S, 20 * S + 1, 20.0))
    assert list(absorb(series_of(watched, "statements"), 30, 1).gone) == []


def test_a_clock_that_is_set_back_makes_nobody_wait_and_a_small_correction_no_turn_come_twice() -> None:
    schedule, periods = Schedule(), {"statements": 10.0}
    schedule.take(10_000.0, [Turn("statements", 0)])
    assert schedule.due(9_999.5, periods) == []
    assert schedule.due(6_403.0, periods) == [Turn("statements", 0)]
    assert schedule.wait(6_403.0, periods) == 0.0
    schedule.take(6_403.0, [Turn("statements", 0)])
    assert schedule.due(6_404.0, periods) == []
    assert schedule.due(6_410.0, periods) == [Turn("statements", 0)]


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        ({"log_parameter_max_length_on_error": "0", "log_transaction_sample_rate": "0"}, 500),
        ({"log_parameter_max_length_on_error": "-1"}, None),
        ({"log_parameter_max_length_on_error": "64", "log_parameter_max_length": "0"}, None),
        ({"log_transaction_sample_rate": "0.01"}, None),
        ({"log_transaction_sample_rate": "1", "log_parameter_max_length": "0"}, 500),
    ],
)
def test_errors_and_sampled_transactions_take_no_fingerprints_along(
    settings: dict[str, str], limit: int | None
) -> None:
    assert limit_for(settings, 500) == limit


NOTHING_SEEN = Rows("sessions", ("state", "wait_event_type", "backend_type"), [], 1.0)


class Overheard(Outbox):
    def __init__(self) -> None:
        super().__init__(Kept().append, 60)
        self.posted: list[Batch] = []

    def post(self, batches: Sequence[Batch]) -> None:
        self.posted += batches


def sampler(watched: Station) -> tuple[Sampler, list[Batch]]:
    """A sampler, and what it hands over."""
    clocks = Clocks()
    clock = ServerClock(clocks)
    hub = Hub()
    reporter = Reporter("shop", hub, clocks.wall, clocks.steady)
    tools = Tools(watched, Governor(), reporter, hub, clocks, clock, Heart(clocks, clock))
    outbox = Overheard()
    made = Sampler(tools, Telling(watched), outbox)
    made.choose()
    return made, outbox.posted


def sample(at: Sampler, second: int, reply: Reply = NOTHING_SEEN) -> None:
    at.take([reply], Moment(second * S, second * S + 1, float(second)), 0.0)


async def test_nobody_looked_at_the_sessions_between_a_stop_and_the_next_start() -> None:
    watched = station(Kept({"sessions": Reading(100 * S, (), [])}))
    await watched.arrive(capabilities(), 160 * S, away=True)
    looks, posted = sampler(watched)
    sample(looks, 161)
    sample(looks, 162)
    looks.end()
    assert [batch.gaps for batch in posted] == [(Gap(100 * S, 161 * S, "stopped"),)]


async def test_samples_belong_to_the_identity_with_which_they_were_taken() -> None:
    watched = station()
    await watched.arrive(capabilities(), S, away=True)
    looks, posted = sampler(watched)
    sample(looks, 1)
    other = replace(capabilities(), identity=Identity(7, 180_000, 2))
    await watched.arrive(other, 2 * S, away=True)
    looks.choose()
    sample(looks, 3)
    looks.end()
    assert [(batch.incarnation, batch.samples) for batch in posted] == [(1, 1), (2, 1)]


async def test_samples_of_another_type_than_declared_are_a_failed_look_and_not_quoted() -> None:
    watched = station()
    await watched.arrive(capabilities(), S, away=True)
    looks, posted = sampler(watched)
    names = [column.name for column in watched.queries["sessions"].columns]
    odd: Any = tuple({"hunter2": 1} if name == "application" else None for name in names)
    sample(looks, 1, Rows("sessions", tuple(names), [odd], 1.0))
    looks.end()
    ((outcome, reason, rows),) = [(batch.outcome, batch.reason, batch.rows) for batch in posted]
    assert (outcome, list(rows)) == (Outcome.FAILED, [])
    assert reason is not None
    assert "in application than the declared text" in reason
    assert "hunter2" not in reason


LATE = Failure("sessions", FailureKind.DEADLINE, "", "no", 100.0)
SESSIONS_FAILED = {"late": (LATE, 1), "stalled": (replace(LATE, stalled=True), 2)}


@pytest.mark.parametrize(("failed", "times"), SESSIONS_FAILED.values(), ids=SESSIONS_FAILED)
async def test_sessions_that_cannot_be_asked_are_asked_once_in_five_minutes(failed: Failure, times: int) -> None:
    watched = station()
    await watched.arrive(capabilities(), S, away=True)
    looks, _ = sampler(watched)
    asked = 0
    for second in range(100, 400):
        if looks.requests(float(second)):
            asked += 1
            sample(looks, second, failed)
    assert asked == times
    sample(looks, 420)
    assert looks.requests(420.0)


def restarted(watched: Station) -> list[str]:
    return [event.kind for event in watched.events()]


async def test_a_restart_is_one_event_and_counting_goes_on() -> None:
    watched = station()
    await watched.arrive(capabilities(started_at=5), S, away=True)
    absorb(series_of(watched, "statements"), 10, 1)
    await watched.arrive(capabilities(started_at=15 * S), 16 * S, away=True)
    await watched.arrive(capabilities(started_at=15 * S), 17 * S, away=False)
    assert restarted(watched) == ["restart"]
    assert absorb(series_of(watched, "statements"), 20, 1).secs == 10.0


@pytest.mark.parametrize("other", [capabilities(started_at=4 * S), capabilities(started_at=6 * S, in_recovery=True)])
async def test_a_standby_that_answers_in_place_of_its_primary_is_no_restart(other: Capabilities) -> None:
    watched = station()
    await watched.arrive(capabilities(started_at=5 * S), 6 * S, away=True)
    absorb(series_of(watched, "statements"), 10, 1)
    await watched.arrive(other, 11 * S, away=True)
    assert restarted(watched) == ["identity"]
    brought = absorb(series_of(watched, "statements"), 20, 1, 2)
    assert (brought.secs, brought.gaps) == (None, (Gap(10 * S, 20 * S + 1, "identity"),))


async def test_a_promoted_server_that_takes_over_the_address_is_one_failover() -> None:
    watched = station()
    await watched.arrive(capabilities(started_at=5 * S), 6 * S, away=True)
    promoted = replace(capabilities(started_at=4 * S), identity=Identity(7, 180_000, 2))
    await watched.arrive(promoted, 7 * S, away=True)
    assert restarted(watched) == ["failover"]


async def test_a_standby_that_is_promoted_is_one_failover_whenever_its_timeline_is_told() -> None:
    watched = station()
    await watched.arrive(capabilities(in_recovery=True), S, away=True)
    server = watched.series("server")
    told: list[str] = []
    for second, in_recovery in ((10, True), (20, False), (30, False)):
        server.parameters(float(second))
        row = tuple(in_recovery if name == "in_recovery" else 1 for name in server.layout.names)
        rows = Rows("server", server.layout.names, [row], 1.0)
        told += [event.kind for event in server.absorb(rows, Moment(second * S, second * S + 1, float(second))).events]
        await watched.arrive(capabilities(in_recovery=in_recovery), second * S, away=False)
        told += restarted(watched)
    await watched.arrive(replace(capabilities(), identity=Identity(7, 180_000, 2)), 40 * S, away=False)
    assert [*told, *restarted(watched)].count("failover") == 1


def test_a_server_that_refuses_with_changing_words_is_told_once_with_each(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    reporter = Reporter("shop", Hub(), lambda: 0, lambda: now[0])
    for second in range(299):
        now[0] = float(second)
        words = ("Too many clients.", "The last places are reserved.")[second % 2]
        reporter.trouble("connection", Problem(Condition.REFUSED, words))
        assert reporter.state.cause == words
    assert len(caplog.records) == 2
    now[0] = 300.0
    reporter.trouble("connection", Problem(Condition.REFUSED, "Too many clients."))
    assert len(caplog.records) == 3
