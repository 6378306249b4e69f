-- pg_blocking_pids stops the lock manager for a moment: it is asked for those alone that wait, two hundred at most, and
-- only while the sampler sees any. 0 is a prepared transaction. A session that waits for a row waits for a transaction;
-- the tuple lock that it holds meanwhile tells the table. Names of tables of other databases cannot be seen from here.
with held as materialized (
    select l.pid, l.locktype, l.database, l.relation, l.mode, l.granted, l.waitstart from pg_lock_status() l
),
act as materialized (
    select a.pid, a.datid, a.usesysid, nullif(a.application_name, '') as application, a.state, a.query_id,
        a.xact_start, a.state_change
    from pg_stat_get_activity(null) a
),
waiting as materialized (
    select distinct on (w.pid) w.pid, w.locktype, w.database, w.relation, w.mode, w.waitstart
    from held w
    where not w.granted
    order by w.pid, w.waitstart
    limit 200
)
select
    w.pid as waiter,
    chain.blocker,
    a.datid as dbid,
    coalesce(w.relation, row_of.relation) as relid,
    w.locktype,
    w.mode,
    a.usesysid as userid,
    a.application,
    a.query_id as queryid,
    b.usesysid as blocker_userid,
    b.application as blocker_application,
    b.state as blocker_state,
    b.query_id as blocker_queryid,
    extract(epoch from clock_timestamp() - w.waitstart)::float8 as waited,
    extract(epoch from clock_timestamp() - b.xact_start)::float8 as blocker_xact_age,
    extract(epoch from clock_timestamp() - b.state_change)::float8 as blocker_state_age
from waiting w
join act a on a.pid = w.pid
cross join lateral (select distinct each.pid as blocker from unnest(pg_blocking_pids(w.pid)) each (pid)) chain
left join act b on b.pid = chain.blocker
left join lateral (
    select t.relation from held t where t.pid = w.pid and t.locktype = 'tuple' and t.granted limit 1
) row_of on true
