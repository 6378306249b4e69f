"""Where only what changed is told, all of it is told again at each keyframe, and what vanished goes."""

from pathlib import Path

from collect.watched import Watched
from fix_servers import Database
from pgvigil.catalog.types import Query
from pgvigil.collect.cleaning import cleaner_for
from pgvigil.collect.series import Brought, Moment, Series, SnapshotSeries, series_for
from pgvigil.pg import Rows
from toys import load_toy, load_toys

S = 1_000_000

COUNTED = """
summary = "Rows of a table, as counters"
shape = "counters"
every = "1s"
deadline = "1s"
cost = "little"
keyframe = "3s"
key = ["id"]
changed_by = ["n"]

[columns.id]
kind = "key"
type = "int8"
help = "Which"

[columns.n]
kind = "counter"
type = "int8"
help = "How often"
"""
SHOWN = COUNTED.replace("counters", "snapshot").replace('"counter"', '"gauge"')
SQL = {"14.sql": "select t.id::int8 as id, t.n::int8 as n from public.things t"}


async def test_a_complete_pass_recurs_and_drops_what_vanished(tmp_path: Path, database: Database) -> None:
    database.execute("create table things as select i as id, 1 as n from generate_series(1, 3) i")
    catalog = load_toys(tmp_path, {"counted": (COUNTED, SQL), "shown": (SHOWN, SQL)})
    async with Watched(tmp_path, catalog, database.dsn()) as watched:
        await watched.until_passes(1, "shown")
        database.execute("delete from things where id = 2")
        database.execute("update things set n = 5 where id = 3")
        for probe in catalog.probes:
            await watched.until(lambda of=probe: values(watched, of) == {1: 1, 3: 5}, "gone")  # type: ignore[misc]
            passes = f"from passes where probe = '{probe}' and outcome = 'ok'"
            await watched.until(lambda of=passes: watched.one(f"select count(*) {of} and complete") >= 3, "again")  # type: ignore[misc]
            assert watched.one(f"select count(*) {passes} and not complete") >= 2
            whole = (
                f"select count(*) from {probe} join passes using (ts) where probe = '{probe}' and complete group by ts"
            )
            assert watched.rows(f"{whole} order by ts desc limit 1") == [(2,)]
            steps = f"select (epoch_us(ts) - lag(epoch_us(ts)) over (order by ts)) / 1e6 {passes} and complete"
            assert all(step >= 2.9 for (step,) in watched.rows(steps) if step is not None)


def values(watched: Watched, probe: str) -> dict[int, int]:
    return {row["id"]: row["n"] for row in watched.last(probe)}


def things(tmp_path: Path) -> SnapshotSeries:
    probe = load_toy(tmp_path, SHOWN.replace('"3s"', '"1h"'), SQL)
    query = Query(probe, "14.sql", SQL["14.sql"], tuple(probe.columns.values()), changed_by=probe.changed_by)
    series = series_for(query, cleaner_for(query, salt=b""))
    assert isinstance(series, SnapshotSeries)
    return series


def absorb(series: Series, at: int, *ids: int, partial: bool = False) -> tuple[int, Brought]:
    """A reading at second `at`: how many fingerprints were sent, and what it brought."""
    (sent,) = series.parameters(float(at))
    rows = Rows("toy", ("id", "n", "pgvigil_fingerprint"), [(each, 10 * each, each) for each in ids], 1.0)
    brought = series.absorb(rows, Moment(at * S, at * S + 1, float(at)), partial=partial)
    # A one-dimensional array of int8: five words of four bytes, and twelve bytes for each element.
    return max(0, len(sent.data or b"") - 20) // 12, brought


def test_until_a_keyframe_is_due_what_is_missing_is_unchanged(tmp_path: Path) -> None:
    series = things(tmp_path)
    assert absorb(series, 10, 1, 2)[0] == 0
    sent, brought = absorb(series, 20, 3)
    assert (sent, brought.complete, brought.gone, [row[0] for row in brought.rows]) == (2, False, [], [3])
    assert absorb(series, 10 + 3_599)[0] == 3
    sent, brought = absorb(series, 10 + 3_600, 1, 3)
    assert (sent, brought.complete, brought.gone) == (0, True, [(2,)])
    assert [row[0] for row in brought.rows] == [1, 3]
    assert absorb(series, 10 + 3_600 + 3_599)[0] == 2


def test_a_keyframe_that_lacks_objects_says_of_none_that_it_is_gone(tmp_path: Path) -> None:
    series = things(tmp_path)
    absorb(series, 10, 1, 2)
    _, brought = absorb(series, 10 + 3_600, 1, partial=True)
    assert (brought.complete, brought.gone) == (False, [])
    reading = series.reading()
    assert reading is not None
    assert sorted(reading.rows, key=str) == [(1, 10), (2, 20)]
