import random

import pytest

from fix_servers import Database
from pgvigil.sandbox.reference_load import ReferenceLoad, Shape, calls_per_s, prepare, zipf
from pgvigil.sandbox.schema import SandboxError
from pgvigil.sandbox.workload import LANES
from sandbox.fix_sandbox import own_sandbox, sandbox, until

__all__ = ["own_sandbox", "sandbox"]

SHAPE = Shape(tables=60, indexes=120, statements=1_500, changing=120, sessions=25)

ENTRIES = """select s.queryid, s.calls from pg_stat_statements s join pg_database d on d.oid = s.dbid
             join pg_roles r on r.oid = s.userid
             where d.datname = current_database() and rolname = 'meshhook_api' and s.query ~ 'reference\\.filler'"""


def test_the_rate_gives_the_wanted_number_of_distinct_statements() -> None:
    rng, chances = random.Random(3), zipf(4_800)
    draws = round(10 * calls_per_s(4_800, 230))
    counts = [len(set(rng.choices(range(4_800), chances, k=draws))) for _ in range(20)]
    assert 220 < sum(counts) / 20 < 240


@pytest.mark.pg(14, 18)
async def test_the_totals_are_reached_and_the_wanted_share_changes(own_sandbox: Database) -> None:
    await prepare(own_sandbox.dsn(), SHAPE)
    ((tables, indexes),) = own_sandbox.execute(
        "select (select count(*) from pg_stat_user_tables), (select count(*) from pg_stat_user_indexes)"
    )
    assert (tables, indexes) == (SHAPE.tables, SHAPE.indexes)
    before = dict(own_sandbox.execute(ENTRIES))
    assert len(before) == SHAPE.statements - 100
    assert set(before.values()) == {1}

    async with ReferenceLoad(own_sandbox.dsn(), SHAPE) as load:
        sessions = own_sandbox.execute(
            "select count(*) from pg_stat_activity where application_name = 'meshhook-batch'"
        )
        assert sessions == [(SHAPE.sessions - sum(LANES.values()),)]
        ten_seconds = round(10 * calls_per_s(len(before), SHAPE.changing - 70))
        await until("ten seconds' worth of calls", lambda: load.calls >= ten_seconds)
    after = dict(own_sandbox.execute(ENTRIES))
    changed = [queryid for queryid, calls in after.items() if calls != before[queryid]]
    # 50 expected; how many it is exactly depends on the draws and on how late the last look came.
    assert 25 <= len(changed) <= 110
    assert sum(after.values()) - sum(before.values()) == pytest.approx(load.calls, abs=SHAPE.sessions)


async def test_preparing_twice_makes_the_same(own_sandbox: Database) -> None:
    small = Shape(tables=40, indexes=80, statements=300)
    counts = []
    for _ in range(2):
        await prepare(own_sandbox.dsn(), small)
        counts.append(own_sandbox.execute("select count(*) from pg_stat_user_indexes"))
    assert counts[0] == counts[1]


async def test_more_statements_than_the_tables_allow_are_refused(own_sandbox: Database) -> None:
    with pytest.raises(SandboxError, match="statements is 1000000; "):
        await prepare(own_sandbox.dsn(), Shape(tables=35, indexes=70, statements=1_000_000))
