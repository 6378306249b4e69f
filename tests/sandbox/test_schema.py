import psycopg
import pytest
from psycopg import errors

from fix_servers import Database
from pgvigil.sandbox.schema import SandboxError, Size, install, login
from pgvigil.sandbox.statements import named
from sandbox.fix_sandbox import SCALE, sandbox

__all__ = ["sandbox"]


@pytest.mark.pg("all")
def test_the_seed_has_the_size_asked_for(sandbox: Database) -> None:
    size = Size().scaled(SCALE)
    counts = sandbox.execute(
        """select (select count(*) from projects), (select count(*) from workflow_definitions where version = 1
                   and slug <> 'sandbox-draft'),
                  (select count(*) from workflow_runs where created_at < m.created_at),
                  (select count(*) from workflow_events where ts < m.created_at + interval '1 second')
           from pgmq.meta m where queue_name = 'workflow_jobs'"""
    )
    assert counts == [(size.projects, size.definitions, size.runs, size.runs * 5)]


def test_payloads_are_toasted_and_spread_over_months(sandbox: Database) -> None:
    toasted = sandbox.execute(
        """select sum(pg_relation_size(reltoastrelid)) > 100000 from pg_class
           where oid in (select inhrelid from pg_inherits where inhparent = 'workflow_events'::regclass)"""
    )
    assert toasted == [(True,)]
    assert sandbox.execute("select count(distinct tableoid) >= 2 from workflow_events") == [(True,)]


def test_runs_are_skewed(sandbox: Database) -> None:
    ((busiest, median),) = sandbox.execute(
        """select max(n), percentile_cont(0.5) within group (order by n)
           from (select count(*) as n from workflow_runs group by workflow_id) w"""
    )
    assert busiest > 5 * median


async def test_installing_twice_changes_nothing(sandbox: Database) -> None:
    before = sandbox.execute("select count(*) from projects")
    await install(sandbox.dsn(), SCALE * 2)
    assert sandbox.execute("select count(*) from projects") == before


async def test_a_database_with_tables_of_its_own_is_left_alone(database: Database) -> None:
    database.execute("create table precious (id integer)")
    with pytest.raises(SandboxError, match="holds 1 tables already; the sandbox needs an empty one"):
        await install(database.dsn())
    assert database.execute("select count(*) from pg_namespace where nspname in ('pgmq', 'auth')") == [(0,)]


async def test_a_senseless_scale_is_refused(database: Database) -> None:
    with pytest.raises(SandboxError, match=r"scale is 0; allowed is 0\.001 to 100"):
        await install(database.dsn(), 0)


@pytest.mark.pg(14, 18)
def test_a_user_sees_the_projects_that_are_theirs(sandbox: Database) -> None:
    ((owner, mine),) = sandbox.execute(
        """select owner_id::text, count(*) from workflow_runs r join projects p on p.id = r.project_id
           group by owner_id order by 2 desc limit 1"""
    )
    with psycopg.connect(login(sandbox.dsn(), "meshhook_ui")) as connection:
        claims = f'{{"sub": "{owner}"}}'
        connection.execute(named("workload/ui.sql")["claims"].encode(), {"claims": claims})
        assert connection.execute("select count(*) from workflow_runs").fetchone() == (mine,)
        assert connection.execute("select count(distinct owner_id) from projects").fetchone() == (1,)
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("select pgmq.delete('workflow_jobs', 1)")


def test_a_queue_hides_what_was_read_and_keeps_what_was_archived(sandbox: Database) -> None:
    with sandbox.connect() as connection:
        connection.execute("select pgmq.create('trial')")
        first, second = (
            connection.execute("select pgmq.send('trial', %s::jsonb)", (f'{{"n": {n}}}',)).fetchone() for n in (1, 2)
        )
        assert (first, second) == ((1,), (2,))
        read = "select msg_id, read_ct, message from pgmq.read('trial', 30, 1)"
        assert connection.execute(read).fetchall() == [(1, 1, {"n": 1})]
        assert connection.execute(read).fetchall() == [(2, 1, {"n": 2})]
        assert connection.execute(read).fetchall() == []
        assert connection.execute("select msg_id from pgmq.set_vt('trial', 1, 0)").fetchall() == [(1,)]
        assert connection.execute(read).fetchall() == [(1, 2, {"n": 1})]
        assert connection.execute("select pgmq.archive('trial', 1), pgmq.archive('trial', 1)").fetchone() == (
            True,
            False,
        )
        assert connection.execute("select pgmq.delete('trial', 2), pgmq.delete('trial', 2)").fetchone() == (True, False)
        assert connection.execute("select msg_id, read_ct from pgmq.a_trial").fetchall() == [(1, 2)]
        metrics = "select queue_length, total_messages, newest_msg_age_sec from pgmq.metrics('trial')"
        assert connection.execute(metrics).fetchall() == [(0, 2, None)]
        assert connection.execute("select pgmq.drop_queue('trial')").fetchone() == (True,)
        with pytest.raises(errors.RaiseException, match="must be lower case"):
            connection.execute("select pgmq.create('No Good')")


def test_the_weaknesses_that_a_monitor_must_find_are_there(sandbox: Database) -> None:
    with sandbox.connect() as connection:
        with pytest.raises(errors.UndefinedFunction, match="queue_length"):
            connection.execute("select * from get_queue_metrics('workflow_jobs')")
        with pytest.raises(errors.UndefinedTable, match="workflow_events_partitioned"):
            connection.execute("select create_workflow_events_partition('2040-01-01')")
        unprotected = connection.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') "
            "and not relrowsecurity and not relispartition order by 1"
        ).fetchall()
        plan = connection.execute("explain select id from workflow_definitions where slug = 'x'").fetchone()
    assert [name for (name,) in unprotected] == ["job_tracking", "queue_config", "workflow_events"]
    assert plan is not None
    assert plan[0].startswith("Seq Scan")
