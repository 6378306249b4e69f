-- Webhook intake: one request is these five statements, each its own transaction.

-- name: find_definition
select id, project_id
from public.workflow_definitions
where slug = %(slug)s
order by version desc
limit 1

-- name: insert_run
insert into public.workflow_runs (workflow_id, project_id, status, trigger, started_at)
values (%(workflow)s, %(project)s, 'running', 'webhook', now())
returning id

-- name: run_created
insert into public.workflow_events (run_id, type, payload)
values (%(run)s, 'run_created', %(payload)s::jsonb)

-- name: enqueue
select pgmq.send('workflow_jobs', %(message)s::jsonb)

-- name: track_job
insert into public.job_tracking (queue_name, msg_id, run_id, attempt)
values ('workflow_jobs', %(job)s, %(run)s, 1)

-- name: runs_of_project
select count(*)
from public.workflow_runs
where project_id = %(project)s and status = 'running'

-- name: definition_graph
select definition -> 'nodes' as nodes, definition -> 'edges' as edges
from public.workflow_definitions
where id = %(workflow)s
