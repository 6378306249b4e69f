"""Many targets in one store: what is remembered of all of them together is more than the engine's memory."""

from pgvigil.store import open_store
from store.toys import KEY, SECOND, START, STATEMENTS, batch, catalog, reading

TARGETS = 30
PASSES = 40
KEYS = 800
NAMES = ("userid", "queryid", "calls", "total_exec_time", "hits", "max_exec_time", "min_exec_time", "stats_since")
ROW = (10, 1, 1, 1.5, 3, 0.5, 0.25, START, False)


def test_a_store_of_many_targets_is_opened_again_and_folds_what_it_remembers(url: str) -> None:
    store = open_store(url, KEY, catalog())
    for number in range(PASSES):
        ts = START + number * 10 * SECOND
        last = [(10, queryid, number, 1.5, 3, 0.5, 0.25, START) for queryid in range(KEYS)]
        for target in range(1, TARGETS + 1):
            store.append([batch("statements", ts, NAMES, [ROW], target=target, last=last)])
    store.close()
    again = open_store(url, KEY, catalog(STATEMENTS))
    for target in (1, TARGETS):
        found = reading(again, "statements", target=target)
        assert found is not None
        assert (found.names, len(found.rows)) == (NAMES, KEYS)
        assert {row[2] for row in found.rows} == {PASSES - 1}
    ts = START + PASSES * 10 * SECOND
    for number in range(30):  # until those of the first are so many that they are made one
        again.append([batch("statements", ts + number * SECOND, NAMES, [ROW], number=10**10 + number)])
    while again.maintain(ts + 60 * SECOND):
        pass
    kept = reading(again, "statements")
    assert kept is not None
    assert len(kept.rows) == KEYS
    again.close()
