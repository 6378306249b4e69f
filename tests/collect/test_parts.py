"""The smaller parts: what rests, what is wanted, what is cleaned, how it is told and handed over."""

import asyncio
import logging
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from pgvigil.catalog import load
from pgvigil.catalog.types import Column, Kind, Privacy, Query, Type
from pgvigil.collect.cleaning import LONGEST_NAME, WrongColumnsError, cleaner_for
from pgvigil.collect.happenings import StateEvents
from pgvigil.collect.live import Hub, LiveEvent, PassKept
from pgvigil.collect.memory import Memory
from pgvigil.collect.outbox import Outbox
from pgvigil.collect.quiet import limit_for
from pgvigil.collect.reporting import Problem, Reporter
from pgvigil.collect.wanted import Wanted
from pgvigil.collect.watching import failing, locked
from pgvigil.model import Batch, Condition, KeeperBusyError, Outcome, Value
from pgvigil.pg import Failure, FailureKind
from pgvigil.pg.errors import Place, explain

# -- memory ----------------------------------------------------------------------------------------------------------


def failure(kind: FailureKind, *, stalled: bool = False) -> Failure:
    return Failure("statements", kind, None, "no", stalled=stalled)


LASTING = sorted(set(FailureKind) - {FailureKind.GONE, FailureKind.CANCELLED})


@pytest.mark.parametrize("kind", LASTING)
def test_what_fails_rests_five_minutes_or_until_something_changes(kind: FailureKind) -> None:
    memory = Memory()
    new = memory.failed("statements", failure(kind), "no", 0.0)
    assert new is (kind in {FailureKind.PRIVILEGE, FailureKind.MISSING})
    assert not memory.failed("statements", failure(kind), "no", 1.0)
    assert memory.resting("statements", 300.0) is not None
    assert memory.resting("statements", 301.0) is None, "the server's log takes a line in five minutes"
    assert memory.reasons == {"statements": "no"}
    memory.forget()
    assert memory.resting("statements", 2.0) is None


@pytest.mark.parametrize(
    ("failed", "first"), [(failure(FailureKind.DEADLINE, stalled=True), 10.0), (failure(FailureKind.CANCELLED), 0.0)]
)
def test_what_failed_by_chance_is_asked_soon_and_what_fails_again_in_five_minutes(
    failed: Failure, first: float
) -> None:
    memory, ends = Memory(), []
    for times in range(4):
        assert bool(memory.reasons) is (times > 1), "told when it was not by chance"
        assert not memory.failed("statements", failed, "slow", 0.0)
        rest = memory.resting("statements", -1.0)
        assert rest is not None
        ends.append(rest.until)
    assert ends == [first, 300.0, 300.0, 300.0]
    memory.worked("statements")
    assert memory.resting("statements", 0.0) is None
    assert memory.reasons == {}


def test_what_came_to_a_lock_rests_until_there_is_none() -> None:
    memory = Memory()
    memory.failed("locked", failure(FailureKind.LOCK), "", 0.0)
    memory.failed("slow", failure(FailureKind.DEADLINE), "", 0.0)
    assert memory.waits_for_locks(299.0)
    memory.free()
    assert not memory.waits_for_locks(1.0)
    assert memory.resting("locked", 1.0) is None
    assert memory.resting("slow", 1.0) is not None
    memory.failed("locked", failure(FailureKind.LOCK), "", 2.0)
    assert memory.resting("locked", 301.0) is not None


def test_a_connection_that_ended_is_no_fault_of_the_probe() -> None:
    memory = Memory()
    memory.failed("statements", failure(FailureKind.GONE), "gone", 0.0)
    assert memory.resting("statements", -1.0) is None


# -- wanted ----------------------------------------------------------------------------------------------------------


def test_what_moved_last_is_asked_first_and_told_once() -> None:
    wanted = Wanted()
    wanted.mention([1, 2, 3], moved=False)
    wanted.mention([2])
    assert wanted.next() == [2, 3, 1]
    wanted.tell([2, 3, 1], [2, 3, 1])
    wanted.mention([1, 2, 3])
    assert wanted.next() == []


def test_what_does_not_move_waits_for_what_does_or_for_three_turns() -> None:
    wanted = Wanted()
    wanted.mention([1, 2], moved=False)
    assert [wanted.next(), wanted.next(), wanted.next()] == [[], [], [2, 1]]
    wanted.mention([3])
    assert wanted.next() == [3, 2, 1]
    assert wanted.next() == []


def test_no_more_than_two_hundred_are_asked_at_once() -> None:
    wanted = Wanted()
    wanted.mention(range(1_000))
    assert wanted.next() == list(range(999, 799, -1))


def test_a_text_that_does_not_come_is_asked_three_times_and_again_when_it_moves() -> None:
    wanted = Wanted()
    wanted.mention([7])
    asked = []
    for _ in range(20):
        asked += (keys := wanted.next())
        wanted.tell(keys, [])
    assert asked == [7, 7, 7]
    wanted.mention([7])
    assert wanted.next() == [7]


def test_texts_that_are_kept_already_are_asked_only_when_they_move() -> None:
    wanted = Wanted()
    wanted.restore([1, 2])
    wanted.mention([1, 2, 3], moved=False)
    assert [wanted.next() for _ in range(3)][-1] == [3]
    wanted.mention([2])
    assert wanted.next() == [2, 3]


def test_while_no_text_comes_only_so_many_are_remembered() -> None:
    wanted = Wanted()
    for first in range(0, 30_000, 100):
        wanted.mention(range(first, first + 100))
    asked: list[Value] = []
    for _ in range(200):
        asked += (keys := wanted.next())
        wanted.tell(keys, keys)
    assert asked == list(range(29_999, 19_999, -1))


def test_a_text_that_was_told_long_ago_is_asked_again_when_it_moves() -> None:
    wanted = Wanted()
    wanted.mention([1])
    wanted.tell(wanted.next(), [1])
    wanted.age()
    wanted.mention([1], moved=False)
    assert [wanted.next() for _ in range(3)] == [[], [], []]
    wanted.mention([1])
    assert wanted.next() == [1]


# -- cleaning --------------------------------------------------------------------------------------------------------


def query_of(*columns: Column) -> Query:
    probe = next(iter(load().probes.values()))
    return Query(probe, "x.sql", "select", columns)


def text(name: str, privacy: Privacy | None, kind: Kind = Kind.STATE) -> Column:
    return Column(name, kind, Type.TEXT, "", privacy=privacy)


def test_every_text_is_cleaned_as_its_privacy_says_and_one_without_is_not_kept() -> None:
    clean = cleaner_for(
        query_of(
            text("name", Privacy.NAME),
            text("value", Privacy.SETTING),
            text("query", Privacy.SQL),
            text("state", Privacy.WORD),
            text("tags", Privacy.TAGS),
            text("secret", None),
            Column("calls", Kind.COUNTER, Type.INT8, ""),
        ),
        salt=b"salt",
    )
    row = (
        "primary_conninfo",
        "host=x password=hunter2",
        "select 'hunter2' from t where a = 42",
        "active",
        "job='nightly',password='hunter2'",
        "hunter2",
        7,
    )
    ((name, value, query, state, tags, secret, calls),) = clean([row])
    assert (name, state, tags, secret, calls) == ("primary_conninfo", "active", "job=nightly", None, 7)
    assert query == "select $1 from t where a = $2"
    assert str(value).startswith("(hidden ")


def test_a_name_loses_its_control_characters_and_its_end() -> None:
    clean = cleaner_for(query_of(text("name", Privacy.NAME)), salt=b"")
    assert clean([("a\x1b[31mb\n" + "c" * 500,), (None,)]) == [("a[31mb" + "c" * (LONGEST_NAME - 6),), (None,)]


def test_rows_without_texts_pass_as_they_are() -> None:
    clean = cleaner_for(query_of(Column("calls", Kind.COUNTER, Type.INT8, "")), salt=b"")
    assert clean([(1,), (None,)]) == [(1,), (None,)]


FITTING: dict[Type, tuple[Value, ...]] = {
    Type.BOOL: (True, None),
    Type.INT4: (1, None),
    Type.INT8: (2**40, None),
    Type.OID: (1, None),
    Type.FLOAT8: (1.5, 0, None),
    Type.TEXT: ("one", None),
    Type.TIMESTAMPTZ: (1, None),
}
HIDDEN = "hunter2"
ODD: tuple[Any, ...] = (HIDDEN, HIDDEN.encode(), {HIDDEN: 1}, [HIDDEN], Decimal("47.11"), 1.5, True, 1)


@pytest.mark.parametrize("declared", Type)
def test_a_value_of_another_type_than_declared_is_not_kept_and_not_quoted(declared: Type) -> None:
    clean = cleaner_for(query_of(Column("odd", Kind.STATE, declared, "", privacy=Privacy.SQL)), salt=b"")
    fitting = FITTING[declared]
    rows = [(value,) for value in fitting]
    assert len(clean(rows)) == len(rows)
    for value in ODD:
        if type(value) in set(map(type, fitting)):
            continue
        with pytest.raises(WrongColumnsError, match=f"in odd than the declared {declared};") as refused:
            clean([*rows, (value,)])
        assert not any(word in str(refused.value) for word in (HIDDEN, "47.11"))


# -- events of states ------------------------------------------------------------------------------------------------


def test_a_state_that_changes_is_an_event_with_before_and_after() -> None:
    columns = (
        text("name", Privacy.NAME, Kind.KEY),
        Column("pending", Kind.STATE, Type.BOOL, "", event="pending_restart"),
        Column("source", Kind.STATE, Type.INT4, ""),
    )
    states = StateEvents(query_of(*columns))
    assert states.between([(None, ("work_mem", True, 1))], 5) == []
    assert states.between([(("work_mem", False, 1), ("work_mem", False, 2))], 5) == []
    (event,) = states.between([(("work_mem", False, 1), ("work_mem", True, 1))], 5)
    assert (event.kind, event.subject, event.before, event.after) == ("pending_restart", "work_mem", "false", "true")
    pairs = [((name, False, 1), (name, True, 1)) for name in ("work_mem", "max_connections")]
    assert [event.subject for event in states.between(pairs, 5)] == ["work_mem", "max_connections"]


def test_a_moment_that_many_rows_share_is_one_event_of_the_probe() -> None:
    columns = (text("name", Privacy.NAME, Kind.KEY), Column("at", Kind.STATE, Type.TIMESTAMPTZ, "", event="reset"))
    query = query_of(*columns)
    told = StateEvents(query).between(
        [(("a", 1), ("a", 7)), (("b", 1), ("b", 7)), (("c", 1), ("c", 8)), (None, ("d", 7))], 5
    )
    assert [(event.subject, event.before, event.after) for event in told] == [
        (query.probe.name, "1", "7"),
        ("c", "1", "8"),
    ]


# -- the log of the server -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        ({}, 500),
        ({"log_min_duration_statement": "-1"}, 500),
        ({"log_min_duration_statement": "1000"}, 500),
        ({"log_min_duration_statement": "500"}, 250),
        ({"log_min_duration_statement": "200"}, 100),
        ({"log_min_duration_statement": "100"}, None),
        ({"log_min_duration_statement": "0"}, None),
        ({"log_min_duration_statement": "0", "log_parameter_max_length": "0"}, 500),
        ({"log_min_duration_sample": "0", "log_statement_sample_rate": "0.1"}, None),
        ({"log_min_duration_sample": "0", "log_statement_sample_rate": "0"}, 500),
        ({"log_statement": "ddl"}, 500),
        ({"log_statement": "all"}, None),
        ({"auto_explain.log_min_duration": "0"}, None),
        ({"auto_explain.log_min_duration": "0", "auto_explain.log_parameter_max_length": "0"}, 500),
        ({"pgaudit.log": "ddl, read", "pgaudit.log_parameter": "on"}, None),
        ({"pgaudit.log": "read", "pgaudit.log_parameter": "off"}, 500),
    ],
)
def test_fingerprints_go_only_where_the_log_does_not_take_them(settings: dict[str, str], limit: int | None) -> None:
    assert limit_for(settings, 500) == limit


# -- telling ---------------------------------------------------------------------------------------------------------


async def test_a_slow_reader_loses_the_oldest_and_holds_nobody_up() -> None:
    hub = Hub(queued=3)
    reader = hub.subscribe()
    first = asyncio.ensure_future(anext(reader))
    await asyncio.sleep(0)
    for number in range(10):
        hub.publish(PassKept(number, (), ()))
    hub.close()
    seen: list[LiveEvent] = [await first]
    seen += [event async for event in reader]
    assert [event.ts for event in seen if isinstance(event, PassKept)] == [8, 9]
    assert [event async for event in hub.subscribe()] == []


def test_the_worst_problem_is_the_state_and_each_change_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    now = [0.0]
    reporter = Reporter("shop", Hub(), lambda: int(now[0] * 1e6), lambda: now[0])
    told = [reporter.state.condition]
    reporter.trouble("visible", Problem(Condition.LIMITED, "No pg_monitor.", "GRANT pg_monitor TO x;"))
    reporter.trouble("connection", Problem(Condition.UNREACHABLE, "Nothing listens.", "Start it."))
    for _ in range(100):
        now[0] += 1
        reporter.trouble("connection", Problem(Condition.UNREACHABLE, "Nothing listens.", "Start it."))
    assert (reporter.state.condition, reporter.state.since) == (Condition.UNREACHABLE, 0)
    reporter.well("connection", watching=True)
    told.append(reporter.state.condition)
    reporter.well("visible")
    told.append(reporter.state.condition)
    assert told == [Condition.STARTING, Condition.LIMITED, Condition.WATCHING]
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 4
    assert lines[1] == "target shop: unreachable: Nothing listens. Start it."


@pytest.mark.parametrize("places", [("visits", "catalog"), ("catalog", "visits")])
def test_a_locked_catalog_is_told_before_what_fails_for_its_sake(places: Sequence[str]) -> None:
    reporter = Reporter("shop", Hub(), lambda: 0, lambda: 0.0)
    for where in places:
        reporter.trouble(where, locked("pg_class") if where == "catalog" else Problem(Condition.LIMITED, "No answer."))
    assert "pg_class is locked" in reporter.state.cause
    reporter.trouble("connection", Problem(Condition.UNREACHABLE, "Nothing listens."))
    assert reporter.state.cause == "Nothing listens."


def test_the_log_names_nothing_of_the_server_and_the_state_does(caplog: pytest.LogCaptureFixture) -> None:
    reporter = Reporter("shop", Hub(), lambda: 0, lambda: 0.0)
    refusal = explain('FATAL:  role "owl" does not exist', Place("db.example", "5432", "owl", "nest"))
    error = Failure("statements", FailureKind.PRIVILEGE, "42501", 'permission denied for table "eggs"')
    for where, problem, words in (
        ("visits", Problem.of(refusal, "Unvisited: "), "owl"),
        ("passes", failing(error), "eggs"),
        ("connection", Problem.of(refusal), "db.example"),
    ):
        reporter.trouble(where, problem)
        assert words in reporter.state.cause
        reporter.well(where)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 3
    assert not any(word in line for line in lines for word in ("owl", "nest", "eggs", "db.example"))


def test_a_condition_that_lasts_is_told_again_every_five_minutes(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    reporter = Reporter("shop", Hub(), lambda: 0, lambda: now[0])
    for _ in range(1_000):
        reporter.trouble("connection", Problem(Condition.UNREACHABLE, "Nothing listens."))
        now[0] += 1
    assert len(caplog.records) == 4


# -- handing over ----------------------------------------------------------------------------------------------------


class Moody:
    """A keeper that is busy as often as it is told to be."""

    def __init__(self, busy: int) -> None:
        self.busy = busy
        self.kept: list[Batch] = []

    async def append(self, batches: Sequence[Batch]) -> None:
        if self.busy:
            self.busy -= 1
            raise KeeperBusyError("busy")
        self.kept += batches


def batch(number: int) -> Batch:
    return Batch(1, 1, "statements", 1, number, number, None, Outcome.OK, 0.0)


async def test_what_a_busy_keeper_does_not_take_is_given_again_unchanged_and_in_order() -> None:
    keeper = Moody(busy=2)
    outbox = Outbox(keeper.append, 4)
    outbox.post([batch(1)])
    assert not await outbox.deliver()
    outbox.post([batch(2)])
    assert not await outbox.deliver()
    assert outbox.pending
    assert await outbox.deliver()
    assert [each.pass_no for each in keeper.kept] == [1, 2]
    assert not outbox.pending


async def test_an_outbox_holds_only_so_much() -> None:
    keeper = Moody(busy=1)
    outbox = Outbox(keeper.append, 2)
    for number in range(5):
        outbox.post([batch(number)])
    outbox.post([])
    assert not await outbox.deliver()
    assert await outbox.deliver()
    assert [each.pass_no for each in keeper.kept] == [3, 4]
