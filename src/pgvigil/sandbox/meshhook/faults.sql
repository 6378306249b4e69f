-- What the faults run. "Undo" statements are run after the fault's own sessions have ended.

-- name: pick_run
select id from public.workflow_runs where status = 'completed' order by created_at limit 1

-- name: lock_run
update public.workflow_runs set error = 'held by a fault' where id = %(run)s

-- name: needed_index
select format('drop index %%s', i.indexrelid::regclass),
       format('drop index concurrently if exists %%s', i.indexrelid::regclass),
       replace(pg_get_indexdef(i.indexrelid), 'CREATE INDEX', 'CREATE INDEX CONCURRENTLY')
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
where c.relnamespace = 'public'::regnamespace
  and c.relname = 'workflow_events_' || to_char(now() at time zone 'UTC', '"y"YYYY"m"MM') || '_run_ts_idx'

-- name: hold_snapshot
select count(*) from public.projects

-- name: touch_setting
update public.user_settings
set theme = 'dark'
where user_id = (select max(user_id::text)::uuid from public.user_settings)

-- name: connection_room
select floor(0.9 * (current_setting('max_connections')::integer
                    - current_setting('superuser_reserved_connections')::integer
                    - coalesce(current_setting('reserved_connections', true), '0')::integer))::integer
       - (select count(*) from pg_catalog.pg_stat_activity where backend_type = 'client backend')::integer

-- name: flooding
select 1

-- name: runaway
select count(*)
from public.workflow_runs a
cross join public.workflow_runs b
cross join public.workflow_runs c
where md5(a.id::text || b.id::text || c.id::text) like '00000000%%'

-- name: checkpoint_table
create table if not exists sandbox_fault.checkpoint_pages as
select n as id, repeat(md5(n::text), 8) as filler from generate_series(1, 10000) as n

-- name: dirty_pages
update sandbox_fault.checkpoint_pages set filler = reverse(filler)

-- name: more_wal
select pg_logical_emit_message(false, 'pgvigil sandbox', repeat('x', 4000000))

-- name: checkpoint
checkpoint

-- name: drop_checkpoint_table
drop table if exists sandbox_fault.checkpoint_pages

-- name: two_users
select user_id::text from public.user_settings order by user_id limit 2

-- name: take_user
update public.user_settings set page_size = page_size where user_id = %(user)s

-- name: spill
select count(*) from (
    select row_number() over (order by md5(run_id::text || type)) as place, run_id, type
    from (select run_id, type from public.workflow_events limit 40000) e
) sorted
where place %% 7 = 0

-- name: autovacuum_off
alter table pgmq.q_workflow_jobs set (autovacuum_enabled = false)

-- name: churn_messages
insert into pgmq.q_workflow_jobs (vt, message)
select now() + interval '1 day', '{"fault": "dead-rows"}' from generate_series(1, 300)

-- name: churn
update pgmq.q_workflow_jobs
set vt = vt + interval '1 millisecond'
where vt > now() + interval '12 hours' and message ->> 'fault' = 'dead-rows'

-- name: drop_churn_messages
delete from pgmq.q_workflow_jobs where message ->> 'fault' = 'dead-rows'

-- name: autovacuum_on
alter table pgmq.q_workflow_jobs reset (autovacuum_enabled)

-- name: vacuum_queue
vacuum (analyze) pgmq.q_workflow_jobs

-- name: skew_statistics
alter table public.job_tracking alter column msg_id set (n_distinct = 1)

-- name: straighten_statistics
alter table public.job_tracking alter column msg_id reset (n_distinct)

-- name: analyze_tracking
analyze public.job_tracking (msg_id)

-- name: some_jobs
select msg_id from public.job_tracking order by id limit 500

-- name: find_job
select status, attempt from public.job_tracking where msg_id = %(job)s

-- name: hold_definitions
select count(*) from public.workflow_definitions

-- name: alter_definitions
alter table public.workflow_definitions add column sandbox_note text

-- name: read_definition
select slug, version from public.workflow_definitions limit 1

-- name: backlog
insert into pgmq.q_workflow_jobs (enqueued_at, vt, message)
select now() - interval '1 hour' * random(), now() + interval '1 day', '{"fault": "queue-backlog"}'
from generate_series(1, 11000)

-- name: drop_backlog
delete from pgmq.q_workflow_jobs where message ->> 'fault' = 'queue-backlog'

-- name: months_ahead
select format('drop table %%s', inhrelid::regclass),
       format('select public.attach_workflow_events_month(%%L)',
              (now() at time zone 'UTC' + make_interval(months => n))::date)
from generate_series(1, 3) as n
join pg_catalog.pg_inherits on inhparent = 'public.workflow_events'::regclass
join pg_catalog.pg_class c on c.oid = inhrelid
where c.relname = 'workflow_events_' || to_char(now() at time zone 'UTC' + make_interval(months => n), '"y"YYYY"m"MM')
order by n
