"""A DSN that leads to several servers: what one of them counted is never a difference to what another one did."""

from pathlib import Path
from urllib.parse import quote

import pytest

from collect.watched import Watched
from fix_servers import MONITOR, MakeServer
from pg_probes.test_standby import standby_of
from pgvigil.collect.passes import ELSEWHERE
from toys import PLACED, load_toys

MORE = 10_000_000
"""What the primary counted beyond its standby."""

PLACED_SQL = f"""
select d.oid as dbid, 5::int8 + case when pg_is_in_recovery() then 0 else {MORE} end as hits
from pg_database d where d.datname = current_database()
"""
LOOKS = """
summary = "A toy that sees who answers"
shape = "samples"
on = "sampler"
deadline = "250ms"
cost = "nothing"
key = ["state", "wait_event_type", "backend_type"]
"""
for _column in ("state", "wait_event_type", "backend_type"):
    LOOKS += f'[columns.{_column}]\nkind = "key"\ntype = "text"\nprivacy = "word"\nhelp = "A word"\n'
LOOKS_SQL = """
select case when pg_is_in_recovery() then 'standby' else 'primary' end as state,
    'none'::text as wait_event_type, 'client backend'::text as backend_type
"""
TWICE = PLACED.replace('scope = "database"\n', "")


@pytest.mark.pg(18)
async def test_a_server_that_comes_back_into_a_list_of_hosts_is_compared_with_itself_alone(
    tmp_path: Path, private_server: MakeServer
) -> None:
    primary = private_server()
    counted = {"placed": (PLACED, {"14.sql": PLACED_SQL}), "whole": (TWICE, {"14.sql": PLACED_SQL})}
    catalog = load_toys(tmp_path, {**counted, "looks": (LOOKS, {"14.sql": LOOKS_SQL})})
    with standby_of(primary) as standby:
        user, word = quote(MONITOR), quote(primary.passwords[MONITOR], safe="")
        hosts = f"{primary.host}:{primary.port},{standby.host}:{standby.port}"
        primary.stop()
        async with Watched(tmp_path, catalog, f"postgresql://{user}:{word}@{hosts}/postgres") as watched:
            of = "select count(*) from passes where outcome = 'ok' and probe"
            await watched.until(lambda: watched.one(f"{of} = 'placed'") >= 2, "two visits of the standby")
            primary.start()
            for probe in counted:
                await watched.until(lambda p=probe: hits(watched, p) > MORE, f"{probe} of the primary")  # type: ignore[misc]
            for probe in counted:
                assert watched.one(f"select coalesce(sum(hits), 0) from {probe}") == 0, probe
                assert watched.one(f"select count(*) from gaps where probe = '{probe}' and reason = 'identity'") == 1
            seen = "select count(*) from looks where state = 'primary'"
            await watched.until(lambda: watched.one(seen), "samples of the primary")
            told = "(select ts from events where kind = 'identity')"
            assert watched.one(f"{seen} and ts < {told}") == 0
            late = f"ts > {told} + interval '10 s'"
            assert watched.one(f"select count(*) from looks where state = 'standby' and {late}") == 0
            reasons = watched.rows("select distinct reason from passes where probe = 'placed' and outcome = 'skipped'")
            assert reasons == [(ELSEWHERE,)]


def hits(watched: Watched, probe: str) -> int:
    """What was last read of a probe."""
    return max((row["hits"] for row in watched.last(probe)), default=0)
