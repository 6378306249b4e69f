-- name: trusted
-- The rows fit together by construction; checking every foreign key would take longer than writing them.
set local session_replication_role = 'replica'

-- name: same_every_time
select setseed(0.5)

-- name: projects
insert into public.projects (id, owner_id, name, slug, created_at)
select md5('project ' || n)::uuid, md5('user ' || (n + 1) / 2)::uuid, 'Project ' || n, 'project-' || n,
       now() - interval '60 days' * random()
from generate_series(1, %(projects)s) as n

-- name: user_settings
insert into public.user_settings (user_id, theme, timezone, page_size)
select distinct on (owner_id) owner_id, (array['system', 'dark', 'light'])[1 + abs(hashtext(slug)) %% 3], 'UTC',
       25 * (1 + abs(hashtext(slug)) %% 4)
from public.projects

-- name: secrets
insert into public.secrets (project_id, name, ciphertext, created_at)
select p.id, 'secret_' || n, decode(md5(random()::text) || md5(random()::text), 'hex'), p.created_at
from public.projects p, generate_series(1, 4) as n

-- name: definitions
insert into public.workflow_definitions (project_id, slug, version, name, definition, created_by, created_at)
select md5('project ' || 1 + floor(%(projects)s ^ random())::integer %% %(projects)s)::uuid,
       (array['order-sync', 'invoice-mail', 'lead-enrich', 'stock-alert', 'ci-notify', 'refund-check', 'chat-relay',
              'backup-report', 'signup-flow', 'price-watch', 'ticket-route', 'audit-export'])[1 + n %% 12] || '-' || n,
       1, 'Workflow ' || n,
       jsonb_build_object('nodes', jsonb_build_array(
           jsonb_build_object('id', 's1', 'type', 'transform', 'template', md5(n::text)),
           jsonb_build_object('id', 's2', 'type', 'http_call', 'url', 'https://example.org/hooks/' || n),
           jsonb_build_object('id', 's3', 'type', 'terminate')), 'edges', jsonb_build_array('s1-s2', 's2-s3')),
       null, now() - interval '60 days' * random()
from generate_series(1, %(definitions)s) as n

-- name: runs
insert into public.workflow_runs
    (id, workflow_id, project_id, status, trigger, error, started_at, finished_at, created_at, updated_at)
select md5('run ' || r.n)::uuid, d.id, d.project_id, r.status, 'webhook',
       case when r.status = 'failed' then (array['timeout', 'HTTP 500', 'HTTP 429', 'bad template'])[1 + r.n %% 4] end,
       r.at, case when r.status in ('completed', 'failed') then r.at + interval '1 second' * (0.1 + 3 * random() ^ 4) end,
       r.at, r.at
from (
    select n, 1 + floor(%(definitions)s ^ random())::integer %% %(definitions)s as pick,
           (now() at time zone 'UTC' - interval '45 days' * random() ^ 2) at time zone 'UTC' as at,
           case when n %% 25 = 0 then 'failed' when n %% 200 = 1 then 'running' else 'completed' end as status
    from generate_series(1, %(runs)s) as n
) r
join (
    select id, project_id, row_number() over (order by created_at) as pick from public.workflow_definitions
) d using (pick)

-- name: payloads
create temporary table payload_pool on commit preserve rows as
select n, jsonb_build_object('headers', jsonb_build_object('content-type', 'application/json', 'x-request', md5(n::text)),
                             'body', string_agg(md5(n::text || '/' || k), '')) as payload
from generate_series(1, 64) as n, generate_series(1, (20 * exp(0.9 * ((n %% 16) / 4.0 - 1)))::integer) as k
group by n

-- name: without_indexes
do $$
declare
    found record;
begin
    for found in
        select indexrelid::regclass as name
        from pg_catalog.pg_index
        where not indisprimary and indrelid in (select inhrelid from pg_catalog.pg_inherits
                                                where inhparent = 'public.workflow_events'::regclass)
    loop
        execute format('drop index %%s', found.name);
    end loop;
end
$$

-- name: events
insert into public.workflow_events (run_id, ts, type, step, attempt, payload)
select r.id, r.created_at + interval '100 milliseconds' * e.seq, e.type, e.step, 1,
       case when e.seq = 0 and r.n %% 2 = 0 then (select payload from payload_pool p where p.n = 1 + r.n %% 64)
            else jsonb_build_object('status', 200, 'ms', (r.n * 7 + e.seq) %% 900, 'ref', md5(r.n::text || e.seq)) end
from (select id, created_at, row_number() over (order by created_at) as n from public.workflow_runs) r
cross join (values (0, 'run_created', null), (1, 'step_started', 's1'), (2, 'step_succeeded', 's1'),
                   (3, 'http_attempted', 's2'), (4, 'run_completed', null)) as e (seq, type, step)

-- name: with_indexes
select public.index_workflow_events_month(c.relname)
from pg_catalog.pg_inherits i
join pg_catalog.pg_class c on c.oid = i.inhrelid
where i.inhparent = 'public.workflow_events'::regclass

-- name: jobs
insert into public.job_tracking
    (queue_name, msg_id, run_id, attempt, status, enqueued_at, started_at, completed_at)
select 'workflow_jobs', -row_number() over (order by created_at), id, 1,
       case status when 'failed' then 'dead' else 'completed' end, created_at, created_at + interval '1 second',
       created_at + interval '2 seconds'
from public.workflow_runs
where status <> 'running'

-- name: dead_letters
select pgmq.send('workflow_jobs_dlq', jsonb_build_object('run_id', id, 'error', error))
from public.workflow_runs
where status = 'failed'
order by created_at desc
limit 40

-- name: archives
insert into pgmq.a_workflow_jobs (msg_id, read_ct, enqueued_at, archived_at, vt, message)
select msg_id, 1, enqueued_at, completed_at, completed_at, jsonb_build_object('run_id', run_id)
from public.job_tracking
where status = 'dead'

-- name: audit
insert into public.audit_log (project_id, actor_id, action, target, at)
select p.id, p.owner_id, (array['workflow.publish', 'secret.read', 'secret.rotate', 'member.invite'])[1 + n %% 4],
       'target-' || n, now() - interval '45 days' * random()
from public.projects p, generate_series(1, 25) as n

-- name: refresh
refresh materialized view public.workflow_statistics

-- name: analyze
analyze
