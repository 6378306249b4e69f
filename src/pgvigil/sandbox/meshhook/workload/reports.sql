-- Reports for the operations team; each reads over all tenants.

-- name: runs_per_hour
select date_trunc('hour', created_at) as hour, count(*), count(*) filter (where status = 'failed') as failed
from public.workflow_runs
where created_at > now() - interval '3 days'
group by 1
order by 1

-- name: success_rate
select project_id, round(100.0 * count(*) filter (where status = 'completed') / count(*), 1) as percent
from public.workflow_runs
group by project_id
order by percent
limit 20

-- name: slowest_workflows
select d.slug, percentile_cont(0.95) within group (order by extract(epoch from r.finished_at - r.started_at)) as p95
from public.workflow_runs r
join public.workflow_definitions d on d.id = r.workflow_id
where r.finished_at is not null and r.created_at > now() - interval '14 days'
group by d.slug
order by p95 desc
limit 20

-- name: step_latency
select step, percentile_disc(array[0.5, 0.95]) within group (order by (payload ->> 'ms')::integer)
from public.workflow_events
where type = 'step_succeeded' and ts > now() - interval '2 days'
group by step

-- name: failure_hot_spots
select r.error, d.slug, count(*)
from public.workflow_runs r
join public.workflow_definitions d on d.id = r.workflow_id
where r.status = 'failed'
group by r.error, d.slug
order by count(*) desc
limit 20

-- name: event_volume
select type, count(*) from public.workflow_events where ts > now() - interval '1 day' group by type

-- name: payload_sizes
select type, avg(pg_column_size(payload))::integer as avg_bytes, max(pg_column_size(payload)) as max_bytes
from public.workflow_events
where ts > now() - interval '6 hours'
group by type

-- name: stuck_runs
select r.id, r.project_id, r.created_at
from public.workflow_runs r
where r.status = 'running' and r.created_at < now() - interval '10 minutes'
  and not exists (select from public.workflow_events e
                  where e.run_id = r.id and e.ts > now() - interval '10 minutes')
order by r.created_at
limit 50

-- name: busiest_projects
select p.slug, count(r.id) as runs
from public.projects p
left join public.workflow_runs r on r.project_id = p.id and r.created_at > now() - interval '7 days'
group by p.id
order by runs desc
limit 10

-- name: retries
select attempt, count(*), avg(extract(epoch from completed_at - enqueued_at)) as seconds
from public.job_tracking
group by attempt
order by attempt

-- name: queue_lag
select date_trunc('minute', enqueued_at) as minute, max(extract(epoch from started_at - enqueued_at)) as worst
from public.job_tracking
where enqueued_at > now() - interval '1 hour'
group by 1
order by 1 desc

-- name: dead_letters
select message ->> 'error' as error, count(*), min(enqueued_at)
from pgmq.q_workflow_jobs_dlq
group by 1

-- name: growth
select date_trunc('week', created_at) as week, count(*) as projects
from public.projects
group by 1
order by 1

-- name: unused_definitions
select d.id, d.slug
from public.workflow_definitions d
where not exists (select from public.workflow_runs r where r.workflow_id = d.id)
limit 100

-- name: actors
select actor_id, count(*) as actions, count(distinct project_id) as projects
from public.audit_log
where at > now() - interval '30 days'
group by actor_id
order by actions desc
limit 20

-- name: old_secrets
select p.slug, s.name, s.created_at
from public.secrets s
join public.projects p on p.id = s.project_id
where coalesce(s.rotated_at, s.created_at) < now() - interval '30 days'
order by s.created_at
limit 50

-- name: archive_size
select count(*), min(archived_at), avg(read_ct) from pgmq.a_workflow_jobs

-- name: tenants_overview
select p.slug, count(distinct d.id) as workflows, count(distinct s.id) as secrets
from public.projects p
left join public.workflow_definitions d on d.project_id = p.id
left join public.secrets s on s.project_id = p.id
group by p.slug
order by workflows desc
limit 25
