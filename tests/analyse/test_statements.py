"""Statements against numbers that are known: as read, and after roll-up."""

import statistics
from collections.abc import Mapping, Sequence

import pytest

from analyse.keeping import HOUR, SECOND, START, TARGET, batch, rolled_up, session, statement
from pgvigil.analyse.statement import statement as statement_of
from pgvigil.analyse.statement_groups import statement_groups
from pgvigil.analyse.statements import Filter, Key, Order, Statement, statements
from pgvigil.model import Batch, Outcome, Value
from pgvigil.store import Store

MINUTE = 60 * SECOND
END = START + 2 * HOUR
KEY = Key(1, 10, 5, toplevel=True, incarnation=1)
DATABASES = Batch(
    target=TARGET, probe="databases", incarnation=1, epoch=1, pass_no=1, ts=START + 10 * SECOND, secs=10.0,
    outcome=Outcome.OK, elapsed_ms=1.0, names=("dbid", "name"), rows=[(5, "shop", False), (6, "mail", False)],
)  # fmt: skip
ROLES = batch(1, "role_names", [{"userid": 10, "name": "app"}, {"userid": 11, "name": "batch"}], secs=None)
NAMES = (DATABASES, ROLES)


def took(queryid: int, times: Sequence[float], **more: Value) -> Mapping[str, Value]:
    """A row of executions that took these milliseconds."""
    squares = sum(time * time for time in times)
    return statement(queryid, len(times), sum(times), sumsq_exec_time=squares, **more)


def texts(*told: tuple[int, str], incarnation: int = 1) -> Batch:
    rows: list[Mapping[str, Value]] = [{"queryid": queryid, "text": text} for queryid, text in told]
    return batch(1, "queries", rows, secs=None, incarnation=incarnation)


def one(store: Store, since: int = START, until: int = END, queryid: int = 1) -> Statement:
    (found,) = statements(store, TARGET, since, until, wanted=Filter(queryid=queryid)).statements
    return found


def test_the_deviation_of_a_span_is_that_of_its_executions_in_every_tier(store: Store) -> None:
    times = [[0.5 + (n * 7 % 11), 40.0 if n % 5 == 0 else 1.0] for n in range(1, 721)]
    store.append([batch(n, "statements", [took(1, times[n - 1])]) for n in range(1, 721)])
    spans = ((START, END), (START + HOUR, END), (START + 10 * MINUTE, START + 13 * MINUTE))
    for tidied in (False, True):
        if tidied:
            rolled_up(store, START + 26 * HOUR)
        for since, until in spans:
            first, last = ((at - START) // (10 * SECOND) for at in (since, until))
            within = [time for two in times[first:last] for time in two]
            found = one(store, since, until)
            assert found.calls == len(within)
            assert found.mean_ms == pytest.approx(statistics.fmean(within))
            assert found.stddev_ms == pytest.approx(statistics.pstdev(within))


def test_a_deviation_is_not_known_where_squares_are_missing_and_0_of_one_execution(store: Store) -> None:
    store.append([batch(1, "statements", [took(1, [5.0, 7.0]), took(2, [0.1 + 0.2] * 3), took(3, [123456.789])])])
    assert [one(store, queryid=queryid).stddev_ms for queryid in (2, 3)] == [0.0, 0.0]
    store.append([batch(2, "statements", [statement(1, 1, 6.0)])])
    assert (one(store).mean_ms, one(store).stddev_ms) == (6.0, None)


def test_what_a_statement_needs_is_told_per_call_and_per_second(store: Store) -> None:
    row = statement(
        1, 4, 100.0, shared_blks_hit=30, shared_blks_read=10, shared_blks_written=0, local_blks_read=0,
        local_blks_written=0, temp_blks_read=3, temp_blks_written=2, wal_bytes=500, shared_blk_read_time=20.0,
        temp_blk_write_time=5.0, plans=2, total_plan_time=3.0,
    )  # fmt: skip
    store.append([batch(1, "statements", [row])])
    found = one(store)
    assert (found.hit_per_call, found.read_per_call, found.cache_hit) == (7.5, 2.5, 0.75)
    assert (found.temp_bytes_per_s, found.wal_bytes_per_s) == (5 * 8192 / 10, 50.0)
    assert (found.io_share, found.plan_ms) == (0.25, 1.5)
    doubled = statements(store, TARGET, START, END, block_size=16_384).statements
    assert [it.temp_bytes_per_s for it in doubled] == [5 * 16_384 / 10]


@pytest.mark.parametrize(("read", "share"), [(10, None), (0, 0.0)], ids=["blocks were read", "nothing was read"])
def test_the_share_of_io_is_unknown_where_the_server_does_not_time_it(
    store: Store, read: int, share: float | None
) -> None:
    moved = dict.fromkeys(
        ("shared_blks_written", "local_blks_read", "local_blks_written", "temp_blks_read", "temp_blks_written"), 0
    )
    row = statement(1, 4, 100.0, shared_blks_read=read, shared_blk_read_time=0.0, plans=0, total_plan_time=0.0, **moved)
    store.append([batch(1, "statements", [row])])
    assert (one(store).io_share, one(store).plan_ms) == (share, None)


def test_a_statement_is_compared_with_what_it_did_before(store: Store) -> None:
    store.append([batch(1, "statements", [took(1, [10.0] * 10), took(2, [50.0])])])
    store.append([batch(7, "statements", [took(1, [40.0] * 5), took(3, [1.0])])])
    before, now = (START, START + MINUTE), (START + MINUTE, START + 2 * MINUTE)
    found = {it.queryid: it for it in statements(store, TARGET, *now, compared=before).statements}
    assert set(found) == {1, 3}
    first = found[1]
    assert (first.load, first.load_before, first.load_change) == pytest.approx((0.02, 0.01, 0.01))
    assert (first.calls_per_s, first.calls_per_s_before, first.mean_ms_before) == pytest.approx((0.5, 1.0, 10.0))
    assert (first.is_new, found[3].is_new, found[3].load_before, found[3].mean_ms_before) == (False, True, 0.0, None)
    order = Order("load_change", descending=False)
    every = statements(store, TARGET, *now, compared=before, wanted=Filter(moved=False), order=order)
    gone = every.statements[0]
    assert (gone.queryid, gone.calls, gone.load, gone.mean_ms) == (2, 0, 0.0, None)
    assert (gone.load_change, gone.mean_ms_before) == pytest.approx((-0.005, 50.0))
    assert [it.queryid for it in every.statements] == [2, 3, 1]


def test_nothing_is_new_where_nobody_watched_before_or_another_server_did(store: Store) -> None:
    before, now = (START, START + MINUTE), (START + MINUTE, START + 2 * MINUTE)
    store.append([batch(7, "statements", [took(1, [10.0])], incarnation=2)])
    for _ in range(2):
        (found,) = statements(store, TARGET, *now, compared=before).statements
        assert (found.is_new, found.load_before, found.calls_per_s_before, found.load_change) == (None,) * 4
        store.append([batch(2, "statements", [took(1, [10.0])])])  # by the incarnation before
    (alone,) = statements(store, TARGET, *now).statements
    assert (alone.is_new, alone.load_before) == (None, None)


def test_kinds_are_told_apart_and_filters_hold_together(store: Store) -> None:
    told = {
        1: "SELECT a FROM t", 2: " ( select 1 )", 3: "WITH x AS (SELECT 1) DELETE FROM t", 4: "VACUUM t",
        5: "SELECTED", 6: "<insufficient privilege>", 7: "select inner from function", 8: "COPY t (a) TO STDOUT",
    }  # fmt: skip
    rows = [
        took(queryid, [1.0], toplevel=queryid != 7, userid=10 + queryid % 2, dbid=5 + queryid // 5)
        for queryid in (*told, 9)
    ]
    store.append([batch(1, "statements", rows), texts(*told.items()), *NAMES])

    def numbers(wanted: Filter) -> list[int | None]:
        return sorted(it.queryid for it in statements(store, TARGET, START, END, wanted=wanted).statements)  # type: ignore[type-var]

    assert numbers(Filter(kind="query")) == [1, 2, 3, 9]  # of 9 the text is not known: nothing says it is a command
    assert numbers(Filter(kind="utility")) == [4, 5, 8]
    assert (numbers(Filter(kind="nested")), numbers(Filter(kind="hidden"))) == ([7], [6])
    assert numbers(Filter(user="app")) == [2, 4, 6, 8]
    assert numbers(Filter(user="app", database="shop", words=("VAC",))) == [4]
    assert numbers(Filter(words=("from", "SELECT"))) == [1, 3, 7]
    assert numbers(Filter(user="nobody")) == []
    page = statements(store, TARGET, START, END, wanted=Filter(kind="utility"), order=Order(limit=1))
    assert (len(page.statements), page.total, page.secs) == (1, 3, 10.0)
    assert page.covered == pytest.approx(3 / 8)


def test_an_empty_answer_still_tells_what_is_known(store: Store) -> None:
    store.append([batch(1, "statements", [])])
    page = statements(store, TARGET, START, END)
    assert (page.statements, page.total, page.secs) == ((), 0, 10.0)
    assert statements(store, TARGET, START - HOUR, START).secs == 0.0


def test_groups_count_statements_within_functions_once(store: Store) -> None:
    rows = [took(1, [30.0]), took(2, [10.0], userid=11, dbid=6), took(3, [20.0], toplevel=False), took(4, [60.0])]
    told = texts((1, "SELECT 1"), (4, "VACUUM"))
    evicted = batch(1, "statements_info", [{"dealloc": 3, "stats_reset": START}])
    store.append([batch(1, "statements", rows), told, evicted, *NAMES])
    found = statement_groups(store, TARGET, START, END)
    shares = {it.name: (it.statements, it.share) for it in found.kinds}
    assert shares == {"utility": (1, 0.6), "query": (2, 0.4), "nested": (1, 0.2)}
    assert [(it.name, it.statements) for it in found.users] == [("app", 2), ("batch", 1)]
    assert [it.load for it in found.users] == pytest.approx([0.009, 0.001])
    assert [(it.name, it.mean_ms) for it in found.databases] == [("shop", 45.0), ("mail", 10.0)]
    assert (found.evictions, found.tags, found.sampled.active) == (3, (), None)


def test_tags_are_told_from_samples_and_a_session_counts_for_each_of_its_own(store: Store) -> None:
    seen = [
        session(6, queryid=1, tags="job=sync all route=GET /a=b"),
        session(2, wait="Lock", queryid=2, tags="route=GET /a=b"),
        session(4, queryid=3),
        session(8, state="idle in transaction", queryid=1, tags="job=sync all"),
    ]
    store.append([batch(n, "sessions", seen, samples=10) for n in range(1, 361)])
    for tidied in (False, True):
        if tidied:
            rolled_up(store, START + 2 * HOUR)
        found = statement_groups(store, TARGET, START, END)
        assert [(it.name, it.value, it.statements) for it in found.tags] == [
            ("route", "GET /a=b", 2),
            ("job", "sync all", 1),
        ]
        assert [it.load for it in found.tags] == pytest.approx([0.8, 0.6])
        assert [it.share for it in found.tags] == pytest.approx([8 / 12, 6 / 12])
        assert found.tags[0].classes == {"cpu": 0.75, "lock": 0.25}
        assert (found.sampled.active, found.sampled.untagged) == pytest.approx((1.2, 0.4))


def test_one_statement_is_told_by_step_beside_the_span_before(store: Store) -> None:
    store.append([batch(n, "statements", [took(1, [2.0, 4.0])] if n % 2 else []) for n in range(1, 13)])
    store.append([batch(13, "statements", [took(1, [8.0])], secs=10.0)])
    now, before = (START + MINUTE, START + 2 * MINUTE), (START, START + MINUTE)
    found = statement_of(store, TARGET, KEY, *now, compared=before)
    assert found is not None
    assert found.before is not None
    assert found.course.values["calls"] == pytest.approx((0.2, 0.0) * 3)
    assert found.course.values["mean"] == (0.003, None) * 3
    assert found.course.values["stddev"][0] == pytest.approx(0.001)
    assert found.course.values["stddev"][1] is None
    assert found.course.values["load"] == pytest.approx((0.0006, 0.0) * 3)
    assert found.before.values == found.course.values
    assert (found.before.span.since, found.before.span.count) == (START, 6)
    later = statement_of(store, TARGET, KEY, START + 2 * MINUTE, START + 4 * MINUTE)
    assert later is not None
    assert later.course.values["calls"] == (0.1, *(None,) * 11)
    assert later.before is None


def test_steps_add_up_to_the_span_in_every_tier_and_the_uncertain_are_told(store: Store) -> None:
    told = [batch(n, "statements", [took(1, [1.0] * (n % 3 + 1))]) for n in range(1, 721)]
    store.append(told)
    for tidied in (False, True):
        if tidied:
            rolled_up(store, START + 26 * HOUR)
        found = statement_of(store, TARGET, KEY, START, END)
        assert found is not None
        assert found.row is not None
        rates = [value for value in found.course.values["calls"] if value is not None]
        length = found.course.span.step / SECOND
        assert len(rates) == found.course.span.count
        assert sum(rates) * length == pytest.approx(found.row.calls) == sum(n % 3 + 1 for n in range(1, 721))
        assert found.course.uncertain == ()
    doubtful = batch(721, "statements", [took(1, [1.0])])
    doubtful.rows[0] = (*doubtful.rows[0][:-1], True)  # type: ignore[index]
    store.append([doubtful])
    found = statement_of(store, TARGET, KEY, END - HOUR, END + MINUTE)
    assert found is not None
    ends = [found.course.span.ends[step - 1] for step in found.course.uncertain]
    assert len(ends) == 1
    assert END < ends[0] <= END + MINUTE


def test_shortest_and_longest_are_told_with_the_moment_they_count_from(store: Store) -> None:
    since = {"minmax_stats_since": START - HOUR, "stats_since": START - 2 * HOUR}
    store.append(
        [batch(1, "statements", [took(1, [2.0], min_exec_time=0.5, max_exec_time=9.0, **since), took(2, [1.0])])]
    )
    store.append([batch(2, "statements", [took(1, [2.0])])])  # kept where they change
    found = statement_of(store, TARGET, KEY, START + 10 * SECOND, END)
    assert found is not None
    told = found.extremes
    assert (told.min_ms, told.max_ms, told.since, told.counted_since, told.after) == (
        0.5, 9.0, START - HOUR, START - 2 * HOUR, None,
    )  # fmt: skip
    store.append([batch(3, "statements_info", [{"dealloc": 0, "stats_reset": START - 5 * HOUR}])])
    other = statement_of(store, TARGET, Key(2, 10, 5, toplevel=True, incarnation=1), START, END)
    assert other is not None
    assert (other.extremes.since, other.extremes.after) == (None, START - 5 * HOUR)


def test_waits_of_one_statement_are_told_by_event_and_by_whose_they_were(store: Store) -> None:
    seen = [
        session(6, queryid=1, userid=10, dbid=5, application="web", tags="route=/a job=b"),
        session(3, wait="IO", wait_event="DataFileRead", queryid=1, userid=11, dbid=5, application="cron"),
        session(9, queryid=2, userid=10, dbid=5),
    ]
    store.append([batch(1, "statements", [took(1, [1.0])]), batch(1, "sessions", seen, samples=10), *NAMES])
    found = statement_of(store, TARGET, KEY, START, END)
    assert found is not None
    assert found.samples == 9
    told = {by: [(it.name, round(it.load, 6), round(it.share, 2)) for it in seen] for by, seen in found.seen.items()}
    assert told == {
        "event": [("cpu:", 0.6, 0.67), ("io:DataFileRead", 0.3, 0.33)],
        "user": [("app", 0.6, 0.67), ("batch", 0.3, 0.33)],
        "database": [("shop", 0.9, 1.0)],
        "application": [("web", 0.6, 0.67), ("cron", 0.3, 0.33)],
        "tag": [("job=b", 0.6, 0.67), ("route=/a", 0.6, 0.67)],
    }
    classes = {name: share for name, share in found.seen["database"][0].classes.items() if share}
    assert classes == pytest.approx({"cpu": 2 / 3, "io": 1 / 3})


def test_the_same_statement_of_others_stands_beside_it_and_what_never_ran_is_none(store: Store) -> None:
    rows = [took(1, [1.0]), took(1, [2.0], userid=11), took(1, [4.0], toplevel=False), took(2, [9.0])]
    store.append([batch(1, "statements", rows), texts((1, "SELECT 1")), *NAMES])
    found = statement_of(store, TARGET, KEY, START, END)
    assert found is not None
    assert [(it.userid, it.kind) for it in found.alike] == [(10, "nested"), (11, "query"), (10, "query")]
    assert (found.text, found.user, found.database, found.kind) == ("SELECT 1", "app", "shop", "query")
    quiet = statement_of(store, TARGET, KEY, START + HOUR, END)
    assert quiet is not None
    assert (quiet.row, quiet.text, quiet.samples) == (None, "SELECT 1", 0)
    assert statement_of(store, TARGET, Key(1, 12, 5, toplevel=True, incarnation=1), START, END) is None
