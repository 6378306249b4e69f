-- Who is in whose way, worked out from one look at the lock table: pg_blocking_pids would stop the lock manager once for
-- each that waits, and name everybody before it in the queue, which is half a million pairs for a thousand waiters.
--
-- In the way of a waiter is who holds the lock in a mode that conflicts with the one it wants, the ten with the oldest
-- transactions. Where nobody does, it is queued: behind the first of those before it whose wish conflicts with its own.
-- Members of a parallel group are one, under the process of their leader. 0 is a prepared transaction. Conflicts:
-- PostgreSQL documentation, "Table-Level Locks".
--
-- When a wait began is told of one that lasts: those keep a row of their own for as long as anything is kept, while of
-- short ones, of which there may be many, only sums stay.
--
-- Who waits for a table does so before its statement has a queryid: then it is told by its text.
--
-- A session that waits for a row waits for a transaction; the tuple lock that it holds meanwhile tells the table. Names
-- of tables of other databases cannot be seen from here.
with recursive act as materialized (
    select a.pid, coalesce(a.leader_pid, a.pid) as head, a.datid, a.usesysid,
        nullif(a.application_name, '') as application, a.state, a.query_id, a.query, a.backend_start, a.xact_start,
        a.state_change
    from pg_stat_get_activity(null) a
),
locks as materialized (
    select l.*, coalesce(act.head, l.pid, 0) as head, coalesce(l.relation, 0::oid) as part
    from pg_lock_status() l
    left join act on act.pid = l.pid
),
waits as materialized (
    select w.*, row(w.locktype, w.database, w.relation, w.page, w.tuple, w.virtualxid, w.transactionid, w.classid,
        w.objid, w.objsubid)::text as tag
    from (
        select distinct on (l.head) l.*, coalesce(l.waitstart, 'infinity') as queued
        from locks l
        where not l.granted
        order by l.head, l.waitstart
        limit 1000
    ) w
),
holds as materialized (
    select h.head, h.mode, h.virtualtransaction, h.transactionid, h.pid, row(h.locktype, h.database, h.relation, h.page, h.tuple,
        h.virtualxid, h.transactionid, h.classid, h.objid, h.objsubid)::text as tag
    from locks h
    where h.granted and (h.locktype, h.part) in (select w.locktype, w.part from waits w)
),
conflicts (mode, against) as (
    values
        ('AccessShareLock', '{AccessExclusiveLock}'::text[]),
        ('RowShareLock', '{ExclusiveLock,AccessExclusiveLock}'),
        ('RowExclusiveLock', '{ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'),
        ('ShareUpdateExclusiveLock', '{ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'),
        ('ShareLock', '{RowExclusiveLock,ShareUpdateExclusiveLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'),
        ('ShareRowExclusiveLock', '{RowExclusiveLock,ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'),
        ('ExclusiveLock', '{RowShareLock,RowExclusiveLock,ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'),
        ('AccessExclusiveLock', '{AccessShareLock,RowShareLock,RowExclusiveLock,ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}')
),
holders as materialized (
    select found.*, row_number() over (partition by found.waiter order by act.xact_start nulls first, found.blocker, found.prepared) as place
    from (
        select distinct w.head as waiter, h.head as blocker,
            case when h.pid is null then coalesce(h.transactionid, (
                select own.transactionid
                from locks own
                where own.pid is null and own.locktype = 'transactionid' and own.granted
                    and own.virtualtransaction = h.virtualtransaction
                limit 1
            ))::text::int8 end as prepared
        from waits w
        join conflicts c on c.mode = w.mode
        join holds h on h.tag = w.tag and h.mode = any (c.against) and h.head <> w.head
    ) found
    left join act on act.pid = found.blocker
),
first_in_queue as materialized (
    select distinct on (wish.tag, wish.mode) wish.tag, wish.mode, ahead.head, ahead.queued
    from (
        select distinct w.tag, w.mode from waits w where not exists (select from holders h where h.waiter = w.head)
    ) wish
    join conflicts c on c.mode = wish.mode
    join waits ahead on ahead.tag = wish.tag and ahead.mode = any (c.against)
    order by wish.tag, wish.mode, ahead.queued, ahead.head
),
edges as materialized (
    select h.waiter, h.blocker, h.prepared, h.place, 'held' as how from holders h where h.place <= 10
    union all
    select w.head, f.head, null, 1, 'queued'
    from waits w
    join first_in_queue f on f.tag = w.tag and f.mode = w.mode and f.head <> w.head and f.queued < w.queued
    where not exists (select from holders h where h.waiter = w.head)
),
-- Each waiter has one first in its way, so this ends: who waits in a circle, or behind one, is in nobody's chain.
chain (waiter, root, depth) as (
    select e.waiter, e.blocker, 1
    from edges e
    where e.place = 1 and not exists (select from edges up where up.waiter = e.blocker)
    union all
    select e.waiter, c.root, c.depth + 1
    from chain c
    join edges e on e.blocker = c.waiter and e.place = 1
),
placed as materialized (
    select w.*, c.root, c.depth from waits w left join chain c on c.waiter = w.head
)
select
    e.waiter,
    w_act.backend_start as started,
    e.blocker,
    b_act.backend_start as blocker_started,
    e.prepared,
    w.root,
    e.how,
    w_act.datid as dbid,
    coalesce(w.relation, row_of.relation) as relid,
    w.locktype,
    w.mode,
    w_act.usesysid as userid,
    w_act.application,
    w_act.query_id as queryid,
    case when w_act.query_id is null then w_act.query end as text,
    b_act.usesysid as blocker_userid,
    b_act.application as blocker_application,
    b_act.state as blocker_state,
    b_act.query_id as blocker_queryid,
    w.transactionid::text::int8 as transaction,
    w.depth,
    extract(epoch from clock_timestamp() - w.waitstart)::float8 as waited,
    1.0::float8 / count(*) over (partition by e.waiter) as lost,
    case when w.waitstart < clock_timestamp() - interval '1 s' then w.waitstart end as wait_began,
    clock_timestamp() as seen,
    extract(epoch from clock_timestamp() - b_act.xact_start)::float8 as blocker_xact_age,
    extract(epoch from clock_timestamp() - b_act.state_change)::float8 as blocker_state_age
from edges e
join placed w on w.head = e.waiter
join act w_act on w_act.pid = e.waiter
left join act b_act on b_act.pid = e.blocker
left join (
    select t.head, min(t.relation) as relation from locks t where t.locktype = 'tuple' and t.granted group by t.head
) row_of on row_of.head = e.waiter
