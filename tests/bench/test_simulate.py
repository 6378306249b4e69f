"""What the month is made of has the shape that load R has."""

from bench.pool import Readings
from bench.simulate import CHANGED, STATEMENTS, Statements

from pgvigil.catalog import load

PROBE = load().probes["statements"]
NAMES = (*PROBE.columns, "uncertain")


def real_row(queryid: int, calls: int) -> tuple[object, ...]:
    given = {"userid": 10, "dbid": 5, "queryid": queryid, "toplevel": True, "calls": calls, "total_exec_time": 1.25}
    given |= {"min_exec_time": 0.5, "max_exec_time": 2.0, "uncertain": False}
    return tuple(given.get(name, 0) for name in NAMES)


def statements(seed: int = 1) -> Statements:
    passes = [[real_row(queryid, 1 + queryid % 7) for queryid in range(1, 40)] for _ in range(3)]
    return Statements(PROBE, Readings(NAMES, passes, ()), seed)  # type: ignore[arg-type]


def queryids(rows: object) -> list[int]:
    place = NAMES.index("queryid")
    return [row[place] for row in rows]  # type: ignore[attr-defined]


def test_three_hundred_distinct_ones_change_and_a_thousand_in_a_minute() -> None:
    load_r = statements()
    minutes = []
    for _ in range(5):
        seen: set[int] = set()
        for _ in range(6):
            changed = queryids(load_r.changed())
            assert len(changed) == len(set(changed)) == CHANGED
            seen.update(changed)
        minutes.append(len(seen))
    assert 950 < sum(minutes) / len(minutes) < 1_100


def test_a_keyframe_brings_every_statement_once() -> None:
    found = queryids(statements().everything())
    assert len(found) == len(set(found)) == STATEMENTS


def test_the_same_seed_makes_the_same_rows() -> None:
    assert statements(3).changed() == statements(3).changed()
    assert statements(3).changed() != statements(4).changed()


def test_times_have_as_many_digits_as_real_ones() -> None:
    place = NAMES.index("total_exec_time")
    values = [row[place] for row in statements().changed()]
    assert all(isinstance(value, float) and value == round(value, 2) for value in values)
    assert len(set(values)) > 20
