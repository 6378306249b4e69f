import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from dataclasses import replace
from functools import partial

import psycopg
import pytest

from fix_servers import Database, MakeServer
from pgvigil.sandbox.rates import Rates
from pgvigil.sandbox.schema import SandboxError, install
from pgvigil.sandbox.workload import LANES, Workload
from sandbox.fix_sandbox import own_sandbox, sandbox, until

__all__ = ["own_sandbox", "sandbox"]

# The default mix, hurried so that every statement comes round soon; no burst.
BRISK = Rates(webhooks_per_s=10, workers=30, ui_per_s=12, reports_per_s=12, admin_per_s=12, burst_factor=1)
QUIET = Rates(webhooks_per_s=0, workers=0, ui_per_s=0, reports_per_s=0, admin_per_s=0)

PARTS = {"webhooks", "runs completed", "polls", "pages", "reports", "admin"}

DISTINCT = """
    select count(distinct queryid) from pg_stat_statements
    where dbid = (select oid from pg_database where datname = current_database())
      and userid in (select oid from pg_roles where rolname ~ '^(meshhook_|service_role|authenticated)')"""
SESSIONS = """
    select usename::text, application_name from pg_stat_activity
    where datname = current_database() and starts_with(application_name, 'meshhook-') order by 1, 2"""


def number(database: Database, query: str) -> int:
    with database.connect() as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.pg("all")
async def test_the_load_shows_sixty_statements_of_several_users_and_no_error(sandbox: Database) -> None:
    sandbox.execute("select pg_stat_statements_reset()")
    async with Workload(sandbox.dsn(), BRISK, seed=7) as load:
        await until("60 distinct statements", lambda: number(sandbox, DISTINCT) >= 60)
        await until("every part has done something", lambda: set(load.stats().done) >= PARTS)
        sessions = sandbox.execute(SESSIONS)
    assert load.stats().errors == {}
    assert 6 <= len(sessions) <= sum(LANES.values()) <= 20
    assert {user.removeprefix("meshhook_") for user, _ in sessions} == {
        "api", "orchestrator", "worker", "ui", "reports", "admin",
    }  # fmt: skip


async def test_statements_carry_tags_and_run_under_the_roles_of_an_api_layer(sandbox: Database) -> None:
    sandbox.execute("select pg_stat_statements_reset()")
    query = """select count(*) from pg_stat_statements s join pg_roles r on r.oid = s.userid where {}"""
    async with Workload(sandbox.dsn(), BRISK):
        for role, tag in (
            ("meshhook_api", "route='%2Fhooks%2F%3Aslug',workflow='"),
            ("authenticated", "controller='web',route='%2Fruns'"),
            ("service_role", "job='workflow_jobs'"),
            ("meshhook_reports", "job='reports%3Asuccess_rate'"),
        ):
            condition = f"rolname = '{role}' and strpos(query, $${tag}$$) > 0"
            await until(f"{tag} by {role}", partial(number, sandbox, query.format(condition)))


async def test_runs_go_all_the_way_through_the_queue(own_sandbox: Database) -> None:
    sandbox = own_sandbox
    new = "created_at > (select created_at from pgmq.meta where queue_name = 'workflow_jobs')"
    async with Workload(sandbox.dsn(), replace(BRISK, http_failures=0, poison=0, ui_per_s=0, admin_per_s=0)) as load:
        await until("20 runs", lambda: load.stats().done.get("runs completed", 0) >= 20)
        load.rates = replace(QUIET, workers=30)
        await asyncio.sleep(0.5)  # a webhook that is being taken makes its run yet
        finished = f"select bool_and(status = 'completed')::integer from workflow_runs where {new}"
        await until("all runs done", lambda: number(sandbox, finished))
        await until(
            "queue empty", lambda: not number(sandbox, "select queue_length from pgmq.metrics('workflow_jobs')")
        )
        # Not all: a job can be read before its tracking row is written, as in the application itself.
        tracked = "select (count(completed_at) >= 0.8 * count(*))::integer from job_tracking where msg_id > 0"
        await until("jobs tracked", lambda: number(sandbox, tracked))
    events = f"""select count(*) from (select run_id from workflow_events join workflow_runs r on r.id = run_id
                 where r.{new} group by run_id having count(*) <> 8) odd"""
    assert number(sandbox, events) == 0, "three steps make eight events"
    assert load.stats().errors == {}


async def test_a_run_that_always_fails_is_retried_and_ends_in_the_dead_letter_queue(own_sandbox: Database) -> None:
    sandbox = own_sandbox
    dead = "select queue_length from pgmq.metrics('workflow_jobs_dlq')"
    before = number(sandbox, dead)
    run = sandbox.execute("select id from workflow_runs order by created_at limit 1")[0][0]
    sandbox.execute(
        "select pgmq.send('workflow_jobs', jsonb_build_object('run_id', %s::text, 'attempt', 4))", (str(run),)
    )
    async with Workload(sandbox.dsn(), replace(QUIET, workers=30, poison=1.0)) as load:
        # The fifth attempt comes after the back-off of the fourth, 8 to 16 s.
        await until("a dead letter", lambda: number(sandbox, dead) > before)
        await until("it is counted", lambda: "dead letters" in load.stats().done)
    assert load.stats().done["retries"] == 1
    assert load.stats().done["dead letters"] == 1
    archived = f"select count(*) from pgmq.a_workflow_jobs where message ->> 'run_id' = '{run}'"
    assert number(sandbox, archived) >= 2


async def test_what_the_load_made_is_purged_and_the_seed_is_kept(sandbox: Database) -> None:
    # Earlier tests left rows too: those of the load are the ones that came after the queue did.
    made = "created_at > (select created_at from pgmq.meta where queue_name = 'workflow_jobs')"
    seeded = number(sandbox, f"select count(*) from workflow_runs where not {made}")
    async with Workload(sandbox.dsn(), BRISK) as load:
        await until("some runs", lambda: load.stats().done.get("webhooks", 0) >= 10)
        load.rates = replace(QUIET, admin_per_s=20, keep_s=0)
        await until(
            "none of them left", lambda: not number(sandbox, f"select count(*) from workflow_runs where {made}")
        )
    assert number(sandbox, f"select count(*) from workflow_runs where not {made}") == seeded


async def test_it_stops_at_once_and_leaves_no_session(sandbox: Database) -> None:
    load = Workload(sandbox.dsn(), BRISK)
    await load.start()
    await until("work", lambda: load.stats().statements > 100)
    await load.stop()
    done = load.stats().statements
    await until("sessions gone", lambda: not sandbox.execute(SESSIONS))
    assert load.stats().statements == done
    await load.stop()


async def test_it_survives_a_restart_of_the_server(private_server: MakeServer) -> None:
    server = private_server()
    await install(server.dsn(), 0.01)
    async with Workload(server.dsn(), BRISK) as load:

        def done(what: str) -> int:
            return load.stats().done.get(what, 0)

        await until("runs", lambda: done("runs completed") >= 5)
        await asyncio.to_thread(server.restart, "immediate")
        webhooks, runs, pages = done("webhooks"), done("runs completed"), done("pages")
        await until("webhooks again", lambda: done("webhooks") >= webhooks + 10)
        await until("runs again", lambda: done("runs completed") >= runs + 10)
        await until("pages again", lambda: done("pages") >= pages + 5)
        assert load.stats().reconnects >= 5
        assert load.stats().errors


async def test_it_stops_although_the_server_hangs(private_server: MakeServer) -> None:
    server = private_server()
    await install(server.dsn(), 0.01)
    load = Workload(server.dsn(), BRISK)
    await load.start()
    await until("work", lambda: load.stats().statements > 100)
    with psycopg.connect(server.dsn()) as connection:
        pids = [pid for (pid,) in connection.execute("select pid from pg_stat_activity where pid <> pg_backend_pid()")]
    pids.append(server.pid)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(0.5)
        await asyncio.wait_for(load.stop(), 60)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def test_a_database_that_is_not_a_sandbox_is_refused(database: Database) -> None:
    with pytest.raises(SandboxError, match="is not a sandbox; load and faults run only where install"):
        await Workload(database.dsn()).start()


WEBHOOKS = """
    select coalesce(sum(calls), 0) from pg_stat_statements s join pg_roles r on r.oid = s.userid
    where rolname = 'meshhook_api' and dbid = (select oid from pg_database where datname = current_database())"""


async def test_a_burst_raises_the_calls(sandbox: Database) -> None:
    rates = replace(QUIET, webhooks_per_s=4, burst_factor=12, burst_s=3, burst_every_s=6)
    before = number(sandbox, WEBHOOKS)
    async with Workload(sandbox.dsn(), rates):
        await asyncio.sleep(3)
        calm = number(sandbox, WEBHOOKS) - before
        await asyncio.sleep(3)
        burst = number(sandbox, WEBHOOKS) - before - calm
    assert burst > 2 * calm > 0


async def test_the_command_takes_every_rate_and_ignores_the_users_variables(sandbox: Database) -> None:
    before = number(sandbox, WEBHOOKS)
    words = "--for 3 --workers 0 --ui-per-s 0 --webhooks-per-s 1 --burst-factor 30 --burst-s 9 --burst-every-s 9"
    elsewhere = {**os.environ, "PGHOSTADDR": "192.0.2.1", "PGCONNECT_TIMEOUT": "2"}
    command = (sys.executable, "-m", "pgvigil.sandbox.workload", sandbox.dsn(), *words.split())
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, env=elsewhere)
    said, complaint = await process.communicate()
    assert (process.returncode, complaint) == (0, b"")
    assert b"'webhooks'" in said
    assert b"'pages'" not in said
    assert number(sandbox, WEBHOOKS) - before > 2 * 3 * 7, "a webhook is seven statements or more"


async def test_the_command_refuses_a_rate_before_it_makes_anything(database: Database) -> None:
    command = (sys.executable, "-m", "pgvigil.sandbox.workload", database.dsn(), "--poison", "2")
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    assert (await process.communicate()) == (b"", b"poison is 2.0; allowed is 0 to 1\n")
    assert database.execute("select count(*) from pg_namespace where nspname = 'pgmq'") == [(0,)]


def test_a_burst_comes_at_the_end_of_its_period() -> None:
    rates = Rates(webhooks_per_s=2, burst_factor=10, burst_s=5, burst_every_s=60)
    assert [rates.webhooks_at(second) for second in (0, 54, 56, 59.9, 60, 116)] == [2, 2, 20, 20, 2, 20]
    assert replace(rates, burst_every_s=0).webhooks_at(59) == 2


def test_a_wrong_rate_names_itself_and_what_is_allowed() -> None:
    with pytest.raises(SandboxError, match=r"poison is 1\.5; allowed is 0 to 1"):
        Rates(poison=1.5)
    with pytest.raises(SandboxError, match="webhooks_per_s is -1"):
        Rates(webhooks_per_s=-1)
