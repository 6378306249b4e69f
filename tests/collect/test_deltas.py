"""What a reading means beside the one before, case by case."""

import pytest

from pgvigil.catalog.types import Column, Kind, Type
from pgvigil.collect.deltas import Change, Context, DuplicateKeyError, Moved, Tracker
from pgvigil.collect.layout import Row, layout_of
from pgvigil.collect.lives import Life, judge
from pgvigil.model import Gap

S = 1_000_000
BOUNDED = ("calls", "total_exec_time", "min_exec_time", "max_exec_time")


def columns(*names: str) -> tuple[Column, ...]:
    kinds = {"id": Kind.KEY, "dbid": Kind.KEY, "stats_since": Kind.STATE, "stats_reset": Kind.STATE, "size": Kind.GAUGE}
    kinds |= dict.fromkeys(("min_exec_time", "max_exec_time"), Kind.GAUGE)
    return tuple(Column(name, kinds.get(name, Kind.COUNTER), Type.INT8, "") for name in names)


def tracker(*names: str, evicts: bool = False) -> Tracker:
    return Tracker(layout_of(columns(*names), [name for name in names if name in {"id", "dbid"}]), evicts=evicts)


def read(
    tracker: Tracker,
    at: int,
    *rows: Row,
    complete: bool = True,
    doubt: str | None = None,
    moved: Moved | None = None,
    emptied: bool = False,
    keyframe: bool = False,
) -> Change:
    context = Context(at * S + 1, doubt, moved=moved, emptied=emptied, keyframe=keyframe)
    return tracker.update(rows, at * S, complete=complete, context=context)


def test_the_first_reading_is_a_baseline_and_brings_no_difference() -> None:
    change = read(tracker("id", "calls"), 10, (1, 500))
    assert (change.secs, list(change.rows), list(change.last), change.gaps) == (None, [], [(1, 500)], ())


def test_the_second_reading_brings_what_was_counted_and_over_how_long() -> None:
    counted = tracker("id", "calls", "size")
    read(counted, 10, (1, 500, 7))
    change = read(counted, 25, (1, 503, 9))
    assert change.secs == 15.0
    assert list(change.rows) == [(1, 3, 9, False)]
    assert list(change.last) == [(1, 503, 9)]


def test_a_key_that_appears_between_two_readings_counts_whole() -> None:
    counted = tracker("id", "calls")
    read(counted, 10, (1, 500))
    assert list(read(counted, 20, (1, 500), (2, 40)).rows) == [(2, 40, False)]


def test_a_derived_counter_that_falls_by_noise_is_no_reset_and_its_differences_add_up() -> None:
    declared = (*columns("id", *BOUNDED), Column("sumsq", Kind.COUNTER, Type.FLOAT8, "", derived=True))
    counted = Tracker(layout_of(declared, ["id"]), evicts=True)
    read(counted, 10, (1, 10, 100.0, 1.0, 90.0, 8200.0))
    noise = read(counted, 20, (1, 11, 101.0, 1.0, 90.0, 8199.9999))
    assert (noise.lost, noise.gaps) == (False, ())
    rose = read(counted, 30, (1, 12, 102.0, 1.0, 90.0, 8202.0))
    differences = [row[-2] for change in (noise, rose) for row in change.rows]
    assert differences == pytest.approx([-0.0001, 2.0001])
    assert [row[-1] for change in (noise, rose) for row in change.rows] == [False, False]
    # What counts from nothing again brings what it counted since.
    ((*_, anew, _),) = read(counted, 40, (1, 2, 6.0, 3.0, 3.0, 18.0)).rows
    assert anew == 18.0


def test_a_row_missing_from_a_changed_only_reading_is_unchanged_and_from_a_complete_one_gone() -> None:
    counted = tracker("id", "calls")
    read(counted, 10, (1, 5), (2, 6))
    assert read(counted, 20, (1, 6), complete=False).gone == []
    assert read(counted, 30, (1, 6)).gone == [(2,)]
    assert counted.size == 1


def test_a_keyframe_has_a_row_for_every_key_and_another_complete_reading_only_for_what_moved() -> None:
    counted = tracker("id", "calls")
    read(counted, 10, (1, 5), (2, 6))
    assert list(read(counted, 20, (1, 5), (2, 7)).rows) == [(2, 1, False)]
    change = read(counted, 30, (1, 5), (2, 7), keyframe=True)
    assert list(change.rows) == [(1, 0, False), (2, 0, False)]
    assert len(change.last) == 2


def test_a_key_may_be_null() -> None:
    counted = tracker("id", "dbid", "calls")
    read(counted, 10, (1, None, 5), (None, None, 1))
    rows = read(counted, 20, (1, None, 7), (None, None, 2)).rows
    assert list(rows) == [(1, None, 2, False), (None, None, 1, False)]


def test_a_probe_without_a_key_has_one_row() -> None:
    counted = tracker("calls")
    read(counted, 10, (5,))
    assert list(read(counted, 20, (9,)).rows) == [(4, False)]


def test_a_key_that_comes_twice_is_a_mistake_of_the_probe() -> None:
    with pytest.raises(DuplicateKeyError, match="2 rows came with 1 different keys"):
        read(tracker("id", "calls"), 10, (1, 5), (1, 6))


def test_an_entry_with_another_birthday_counts_whole_with_a_gap_since_it_was_last_seen() -> None:
    counted = tracker("id", "calls", "stats_since", evicts=True)
    read(counted, 10, (1, 500, 3))
    read(counted, 20, complete=False)
    change = read(counted, 30, (1, 700, 4), complete=False)
    assert list(change.rows) == [(1, 700, 4, False)]
    assert change.gaps == (Gap(10 * S, 30 * S + 1, "reset"),)
    assert change.lost


def test_equal_counts_before_and_after_a_reset_are_told_apart_by_the_birthday() -> None:
    counted = tracker("id", "calls", "stats_since", evicts=True)
    read(counted, 10, (1, 1, 3))
    assert list(read(counted, 20, (1, 1, 4), complete=False).rows) == [(1, 1, 4, False)]


def test_equal_counts_before_and_after_a_reset_are_told_apart_by_the_time_they_took() -> None:
    counted = tracker("id", *BOUNDED, evicts=True)
    read(counted, 10, (1, 1, 20.0, 20.0, 20.0))
    change = read(counted, 20, (1, 1, 30.0, 30.0, 30.0), complete=False)
    assert list(change.rows) == [(1, 1, 30.0, 30.0, 30.0, False)]
    assert change.gaps


def test_a_reset_of_one_entry_that_nobody_announced_is_a_gap_when_the_entry_is_found_gone() -> None:
    counted = tracker("id", "calls", "stats_since", evicts=True)
    read(counted, 10, (1, 500, 3), (2, 5, 3))
    read(counted, 20, (2, 6, 3), complete=False)
    change = read(counted, 30, (2, 6, 3), keyframe=True)
    assert (change.gone, change.gaps) == ([(1,)], (Gap(10 * S, 30 * S + 1, "reset"),))


def test_a_table_that_was_dropped_leaves_no_gap() -> None:
    counted = tracker("id", "calls")
    read(counted, 10, (1, 5), (2, 6))
    assert read(counted, 20, (1, 5)).gaps == ()


def test_an_announced_removal_makes_one_gap_and_doubts_what_has_no_birthday() -> None:
    counted = tracker("id", *BOUNDED, evicts=True)
    read(counted, 10, (1, 5, 5.0, 1.0, 1.0), (2, 5, 5.0, 1.0, 1.0))
    moved = Moved("eviction", 10 * S)
    change = read(counted, 20, (1, 8, 8.0, 1.0, 1.0), (2, 3, 3.0, 1.0, 1.0), complete=False, moved=moved)
    assert [(row[0], row[1], row[-1]) for row in change.rows] == [(1, 3, True), (2, 3, False)]
    assert change.gaps == (Gap(10 * S, 20 * S + 1, "eviction"),)
    assert not change.lost


def test_what_is_read_after_a_full_reset_counts_whole_even_where_it_is_back_at_its_old_numbers() -> None:
    counted = tracker("id", *BOUNDED, evicts=True)
    read(counted, 10, (1, 1, 1.0, 1.0, 1.0), (2, 5, 5.0, 1.0, 1.0), (3, 5, 5.0, 1.0, 1.0))
    moved = Moved("reset", 10 * S)
    change = read(counted, 20, (1, 1, 1.0, 1.0, 1.0), (2, 8, 8.0, 1.0, 1.0), moved=moved, emptied=True)
    assert [(row[0], row[1], row[-1]) for row in change.rows] == [(1, 1, False), (2, 8, False)]
    assert (change.gone, change.gaps, change.lost) == ([(3,)], (Gap(10 * S, 20 * S + 1, "reset"),), False)
    after = read(counted, 30, (1, 2, 2.0, 1.0, 1.0), (2, 8, 8.0, 1.0, 1.0))
    assert [(row[0], row[1], row[-1]) for row in after.rows] == [(1, 1, False)]
    assert after.gaps == ()


def test_a_counter_that_fell_without_a_birthday_is_a_reset() -> None:
    counted = tracker("id", "calls", "sessions")
    read(counted, 10, (1, 500, 40))
    change = read(counted, 20, (1, 3, 1))
    assert list(change.rows) == [(1, 3, 1, False)]
    assert change.gaps == (Gap(10 * S, 20 * S + 1, "reset"),)
    assert change.lost


def test_where_only_a_part_of_a_row_fell_it_is_not_known_by_how_much_it_moved() -> None:
    counted = tracker("id", "idx_scan", "seq_scan")
    read(counted, 10, (1, 1_000_000, 5))
    change = read(counted, 20, (1, 900_000, 7))
    assert list(change.rows) == [(1, None, 2, True)]
    assert change.gaps == (Gap(10 * S, 20 * S + 1, "reset"),)


def test_views_that_are_reset_apart_may_share_a_row() -> None:
    counted = tracker("checkpoints", "written", "stats_reset")
    read(counted, 10, (500, 70, 1))
    assert list(read(counted, 20, (2, 75, 2)).rows) == [(2, 5, 2, False)]


def test_another_moment_of_reset_without_anything_lower_leaves_the_difference_uncertain() -> None:
    counted = tracker("id", "calls", "stats_reset")
    read(counted, 10, (1, 500, 1))
    change = read(counted, 20, (1, 501, 2))
    assert list(change.rows) == [(1, 1, 2, True)]
    assert change.gaps == (Gap(10 * S, 20 * S + 1, "reset"),)


def test_after_an_absence_one_entry_that_kept_its_birthday_proves_that_all_were_kept() -> None:
    counted = tracker("id", "calls", "stats_since", evicts=True)
    read(counted, 10, (1, 500, 3), (2, 5, 3))
    change = read(counted, 70, (1, 700, 3), (2, 5, 3), doubt="restart", keyframe=True)
    assert (change.secs, change.gaps) == (60.0, ())
    assert list(change.rows) == [(1, 200, 3, False), (2, 0, 3, False)]


def test_after_a_crash_everything_counts_whole_and_the_time_before_is_a_gap() -> None:
    counted = tracker("id", "calls", "stats_since", evicts=True)
    read(counted, 10, (1, 500, 3), (2, 5, 3))
    change = read(counted, 70, (1, 7, 60), doubt="restart", keyframe=True)
    assert list(change.rows) == [(1, 7, 60, False)]
    assert change.gaps == (Gap(10 * S, 70 * S + 1, "restart"),)
    assert not change.lost


def test_without_birthdays_an_entry_that_did_not_move_proves_that_all_were_kept() -> None:
    counted = tracker("id", *BOUNDED, evicts=True)
    read(counted, 10, (1, 5, 5.0, 1.0, 1.0), (2, 5, 5.5, 1.0, 1.5))
    change = read(counted, 70, (1, 9, 9.0, 1.0, 1.0), (2, 5, 5.5, 1.0, 1.5), doubt="restart")
    assert [(row[0], row[1], row[-1]) for row in change.rows] == [(1, 4, False)]
    assert change.gaps == ()


def test_without_birthdays_and_without_such_an_entry_nothing_is_certain() -> None:
    counted = tracker("id", *BOUNDED, evicts=True)
    read(counted, 10, (1, 5, 5.0, 1.0, 1.0))
    change = read(counted, 70, (1, 9, 9.0, 1.0, 1.0), doubt="restart")
    assert [(row[1], row[-1]) for row in change.rows] == [(4, True)]
    assert change.gaps == (Gap(10 * S, 70 * S + 1, "restart"),)


def test_elsewhere_a_clean_restart_shows_in_that_nothing_fell() -> None:
    counted = tracker("id", "calls")
    read(counted, 10, (1, 5), (2, 6))
    change = read(counted, 70, (1, 9), (2, 7), doubt="restart")
    assert (list(change.rows), change.gaps) == ([(1, 4, False), (2, 1, False)], ())


def test_elsewhere_what_fell_in_one_row_makes_the_others_uncertain() -> None:
    counted = tracker("id", "calls")
    read(counted, 10, (1, 5), (2, 6))
    change = read(counted, 70, (1, 2), (2, 7), doubt="restart")
    assert list(change.rows) == [(1, 2, False), (2, 1, True)]
    assert change.gaps == (Gap(10 * S, 70 * S + 1, "restart"),)


def test_an_absence_is_not_judged_by_an_incomplete_reading() -> None:
    counted = tracker("id", "calls")
    read(counted, 10, (1, 5))
    with pytest.raises(ValueError, match="complete"):
        read(counted, 20, (1, 6), complete=False, doubt="unreachable")


def test_after_an_absence_objects_that_cannot_be_read_keep_their_last_values() -> None:
    counted = tracker("id", "calls")
    read(counted, 10, (1, 5), (2, 6))
    change = counted.update([(1, 9)], 20 * S, complete=False, context=Context(20 * S, doubt="stopped", partial=True))
    assert (list(change.rows), change.gone) == ([(1, 4, False)], [])
    assert list(read(counted, 30, (1, 9), (2, 8)).rows) == [(2, 2, False)]


def test_what_cannot_be_compared_makes_a_new_baseline_after_a_gap() -> None:
    counted = tracker("id", "calls")
    read(counted, 10, (1, 5))
    counted.forget("identity")
    change = read(counted, 20, (1, 900))
    assert (change.secs, list(change.rows)) == (None, [])
    assert change.gaps == (Gap(10 * S, 20 * S + 1, "identity"),)
    assert list(read(counted, 30, (1, 903)).rows) == [(1, 3, False)]


def test_counting_goes_on_from_a_kept_reading_with_other_columns() -> None:
    before = tracker("id", "calls")
    read(before, 10, (1, 5))
    kept = before.reading()
    assert kept is not None
    after = tracker("id", "rows", "calls")
    after.restore(kept.ts, kept.names, kept.rows)
    change = read(after, 20, (1, 70, 8), doubt="stopped")
    assert list(change.rows) == [(1, None, 3, False)]


def test_a_counter_that_was_null_has_no_difference_yet() -> None:
    counted = tracker("id", "calls")
    read(counted, 10, (1, None))
    assert list(read(counted, 20, (1, 5)).rows) == [(1, None, False)]


@pytest.mark.parametrize(
    ("old", "new", "life"),
    [
        ((5, 10.0, 1.0, 4.0), (6, 13.0, 1.0, 4.0), Life.LIKELY),
        ((5, 10.0, 1.0, 4.0), (6, 10.5, 0.5, 4.0), Life.LIKELY),
        ((5, 10.0, 1.0, 4.0), (4, 13.0, 1.0, 4.0), Life.NEW),  # calls fell
        ((5, 10.0, 1.0, 4.0), (6, 9.0, 1.0, 4.0), Life.NEW),  # time fell
        ((5, 10.0, 1.0, 4.0), (6, 13.0, 1.1, 4.0), Life.NEW),  # the smallest rose
        ((5, 10.0, 1.0, 4.0), (6, 13.0, 1.0, 3.9), Life.NEW),  # the largest fell
        ((5, 10.0, 1.0, 4.0), (5, 10.1, 1.0, 4.0), Life.NEW),  # time without a call
        ((5, 10.0, 1.0, 4.0), (7, 19.0, 1.0, 4.0), Life.NEW),  # two calls longer than the longest
        ((5, 10.0, 1.0, 4.0), (15, 12.0, 1.0, 4.0), Life.NEW),  # ten calls shorter than the shortest
        ((0, 0.0, 0.0, 0.0), (1, 3.0, 3.0, 3.0), Life.LIKELY),  # planned before, executed now
    ],
)
def test_numbers_that_cannot_belong_to_one_life_do_not(
    old: tuple[float, ...], new: tuple[float, ...], life: Life
) -> None:
    layout = layout_of(columns("id", *BOUNDED), ["id"])
    assert judge(layout, (1, *old), (1, *new)) is life
