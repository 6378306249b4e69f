"""Which lines of the fleet are made anew for one look."""

from pgvigil.analyse.fleet import Judged, Line
from pgvigil.analyse.verdict import Level, Verdict
from pgvigil.serve.kept import AT_ONCE, FRESH, USABLE, KeptLines

MANY = [f"s{number}" for number in range(3 * AT_ONCE)]


def looked(kept: KeptLines, now: int, keys: list[str] = MANY) -> list[int]:
    """The numbers of the lines that were made for a look at this moment; every line says when it was."""
    made: list[int] = []

    def make(number: int) -> Line:
        made.append(number)
        return Line(Judged(now, Verdict(Level.WELL), (), None), None, ())

    told = kept.lines(keys, now, make)
    assert len(told) == len(keys)
    assert all(0 <= now - line.judged.at <= USABLE for line in told)
    return made


def test_at_first_all_are_made_and_then_none_while_they_are_fresh() -> None:
    kept = KeptLines()
    assert looked(kept, 0) == list(range(len(MANY)))
    assert looked(kept, FRESH - 1) == []


def test_of_many_a_few_are_made_again_at_a_time_the_oldest_first() -> None:
    kept = KeptLines()
    looked(kept, 0)
    turns = [looked(kept, FRESH * turn) for turn in (1, 2, 3, 4)]
    assert turns == [[*range(start, start + AT_ONCE)] for start in (0, AT_ONCE, 2 * AT_ONCE, 0)]


def test_what_is_too_old_is_never_shown() -> None:
    kept = KeptLines()
    looked(kept, 0)
    assert looked(kept, USABLE + 1) == list(range(len(MANY)))


def test_a_server_whose_state_changed_is_told_at_once() -> None:
    kept = KeptLines()
    looked(kept, 0)
    assert looked(kept, 1, ["down", *MANY[1:]]) == [0]


def test_what_nobody_asks_for_any_more_is_let_go() -> None:
    kept = KeptLines()
    for span in range(70):
        looked(kept, span, [f"{key} {span}" for key in MANY])
    assert looked(kept, 70, [f"{key} 0" for key in MANY])
