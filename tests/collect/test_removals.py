"""Three witnesses of entries that were taken away."""

from pgvigil.catalog.types import Column, Kind, Type
from pgvigil.collect.deltas import Context, Moved, Tracker
from pgvigil.collect.layout import layout_of
from pgvigil.collect.removals import Removals

S = 1_000_000
INFO = layout_of(
    (Column("dealloc", Kind.COUNTER, Type.INT8, ""), Column("stats_reset", Kind.STATE, Type.TIMESTAMPTZ, "")), ()
)
STATEMENTS = layout_of(
    (Column("queryid", Kind.KEY, Type.INT8, ""), Column("calls", Kind.COUNTER, Type.INT8, "")), ("queryid",)
)


def test_a_rising_count_of_evictions_is_an_eviction_since_both_were_last_read() -> None:
    removals = Removals()
    assert removals.inform(INFO, (3, 1), 10 * S) == []
    removals.settled(10 * S)
    (event,) = removals.inform(INFO, (4, 1), 20 * S)
    assert (event.kind, event.before, event.after) == ("eviction", "3", "4")
    assert removals.take() == Moved("eviction", 10 * S)
    assert removals.take() is None


def test_a_pass_that_lacked_the_statements_makes_the_gap_longer() -> None:
    removals = Removals()
    removals.inform(INFO, (3, 1), 10 * S)
    removals.settled(10 * S)
    removals.inform(INFO, (3, 1), 20 * S)
    removals.inform(INFO, (4, 1), 30 * S)
    assert removals.take() == Moved("eviction", 10 * S)


def test_evictions_that_go_on_are_one_event_and_come_back_as_another_after_quiet() -> None:
    removals = Removals()
    removals.inform(INFO, (0, 1), 0)
    told = [len(removals.inform(INFO, (count, 1), count * 10 * S)) for count in range(1, 10)]
    assert told == [1, 0, 0, 0, 0, 0, 0, 0, 0]
    assert len(removals.inform(INFO, (99, 1), 900 * S)) == 1


def test_another_moment_of_reset_is_a_reset_even_with_evictions() -> None:
    removals = Removals()
    removals.inform(INFO, (3, 1), 10 * S)
    removals.settled(10 * S)
    (event,) = removals.inform(INFO, (5, 2), 20 * S)
    assert event.kind == "reset"
    assert removals.take() == Moved("reset", 10 * S)


def test_only_a_full_reset_that_was_not_taken_in_yet_has_emptied_all() -> None:
    removals = Removals()
    assert not removals.emptied(INFO, (3, 1)), "nothing was read before it"
    removals.inform(INFO, (3, 1), 10 * S)
    assert [removals.emptied(INFO, row) for row in ((3, 1), (4, 1), (0, 2))] == [False, False, True]
    removals.inform(INFO, (0, 2), 20 * S)
    assert not removals.emptied(INFO, (0, 2))


def test_the_info_kept_before_a_stop_is_compared_with_the_first_after() -> None:
    removals = Removals()
    removals.restore(INFO, (3, 1), 10 * S)
    removals.inform(INFO, (4, 1), 70 * S)
    assert removals.take() == Moved("eviction", 10 * S)


def test_a_statement_that_resets_single_entries_gives_itself_away() -> None:
    removals, tracker = Removals(), Tracker(STATEMENTS, evicts=True)
    tracker.update([(1, 5), (2, 1)], 10 * S, complete=True, context=Context(10 * S))
    removals.learn({2: "select public.pg_stat_statements_reset($1, $2, $3)", 1: "select $1", 3: None})
    removals.watch(tracker, STATEMENTS.names, [(1, 6)])
    assert removals.take() is None
    removals.watch(tracker, STATEMENTS.names, [(2, 2)])
    assert removals.take() == Moved("reset", 10 * S)
    removals.watch(tracker, STATEMENTS.names, [(2, 1)])
    assert removals.take() is None


def test_a_reset_that_was_never_called_before_is_seen_as_soon_as_its_text_is_known() -> None:
    removals, tracker = Removals(), Tracker(STATEMENTS, evicts=True)
    removals.learn({9: "SELECT pg_stat_statements_reset()"})
    removals.watch(tracker, STATEMENTS.names, [(9, 1)])
    assert removals.take() is None, "before the first reading there is nothing to lose"
    tracker.update([(1, 5)], 10 * S, complete=True, context=Context(10 * S))
    removals.watch(tracker, STATEMENTS.names, [(9, 1)])
    assert removals.take() == Moved("reset", 10 * S)
