"""The deviation of a span against executions whose times are known, on a real server."""

import statistics
from collections.abc import Sequence

import pytest

from analyse.keeping import CATALOG, START, TARGET, batch
from fix_servers import MONITOR, Database
from pgvigil.analyse.statements import Filter, statements
from pgvigil.collect.deltas import Context, Tracker
from pgvigil.collect.layout import Row, layout_of
from pgvigil.store import Store
from probing import Prober, probing

SECOND = 1_000_000
QUICK, SLOW, EACH = 2_000, 20_000, 5_000
"""Turns of a loop, and how many executions of each speed."""

# The server measures each execution by its own clock, from within: what pg_stat_statements counts of the same ones has
# to agree but for what it takes to begin and end one.
WORK = """
create function work(turns int) returns int language plpgsql as $$
declare sum int := 0;
begin
    for turn in 1..turns loop sum := sum + mod(turn, 7); end loop;
    return sum;
end $$;
create unlogged table took (ms double precision);
create function drive(turns int, times int) returns void language plpgsql as $$
declare begun timestamptz; sum int;
begin
    for time in 1..times loop
        begun := clock_timestamp();
        execute 'select work($1) as of_known_time' into sum using turns;
        insert into took values (extract(epoch from clock_timestamp() - begun) * 1000);
    end loop;
end $$;
"""


async def reading(prober: Prober, names: Sequence[str]) -> list[Row]:
    return [tuple(row[name] for name in names) for row in await prober.rows("statements")]


@pytest.mark.pg(14, 18)
async def test_the_deviation_of_ten_thousand_executions_is_what_the_server_measured(
    database: Database, store: Store
) -> None:
    database.execute(WORK)
    async with probing(database.dsn(MONITOR), CATALOG) as prober:
        query = prober.query("statements")
        tracker = Tracker(layout_of(query.columns, query.probe.key))
        names = tracker.layout.names
        with database.connect() as connection:
            connection.execute("set pg_stat_statements.track = 'all'")
            # What is counted before has a deviation of its own, which must not show.
            connection.execute("select drive(200000, 20), drive(1, 500)")
            connection.execute("truncate took")
            tracker.update(await reading(prober, names), START, complete=True, context=Context(START + 1))
            connection.execute(f"select drive({QUICK}, {EACH}), drive({SLOW}, {EACH})".encode())
            later = START + 10 * SECOND
            rows = await reading(prober, names)
            change = tracker.update(rows, later, complete=True, context=Context(later + 1))
            times = [row[0] for row in connection.execute("select ms from took").fetchall()]
        moved = [dict(zip(names, row, strict=False)) for row in change.rows]
        counted = {it["queryid"]: it for it in moved if it["calls"] == 2 * EACH and not it["toplevel"]}
        texts = await prober.rows("queries", [queryid for queryid in counted if isinstance(queryid, int)])
    (queryid,) = [row["queryid"] for row in texts if "of_known_time" in str(row["text"])]
    assert isinstance(queryid, int)
    store.append([batch(1, "statements", [counted[queryid]])])
    (found,) = statements(store, TARGET, START, START + 20 * SECOND, wanted=Filter(queryid=queryid)).statements
    assert found.calls == len(times) == 2 * EACH
    # Some microseconds of each execution are outside of what the server counts.
    assert found.mean_ms == pytest.approx(statistics.fmean(times), rel=0.1)
    assert found.stddev_ms == pytest.approx(statistics.pstdev(times), rel=0.1)
