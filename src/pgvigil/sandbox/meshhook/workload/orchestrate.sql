-- The orchestrator replays the events of a run before every step, and writes down what each step did.

-- name: replay
select id, ts, type, step, attempt, payload
from public.workflow_events
where run_id = %(run)s
order by ts, id

-- name: step_started
insert into public.workflow_events (run_id, type, step)
values (%(run)s, 'step_started', %(step)s)

-- name: http_attempted
insert into public.workflow_events (run_id, type, step, attempt, payload)
values (%(run)s, 'http_attempted', %(step)s, %(attempt)s, jsonb_build_object('status', %(status)s::integer))

-- name: step_failed
insert into public.workflow_events (run_id, type, step, attempt, payload)
values (%(run)s, 'step_failed', %(step)s, %(attempt)s, jsonb_build_object('error', %(error)s::text))
returning id

-- name: step_succeeded
insert into public.workflow_events (run_id, type, step, payload)
values (%(run)s, 'step_succeeded', %(step)s, %(payload)s::jsonb)

-- name: run_completed
insert into public.workflow_events (run_id, ts, type, payload)
values (%(run)s, clock_timestamp(), 'run_completed', '{"outcome": "ok"}')

-- name: run_failed
insert into public.workflow_events (run_id, ts, type, payload)
values (%(run)s, clock_timestamp(), 'run_failed', jsonb_build_object('error', %(error)s::text))

-- name: complete_run
update public.workflow_runs
set status = 'completed', finished_at = now()
where id = %(run)s

-- name: fail_run
update public.workflow_runs
set status = 'failed', finished_at = now(), error = %(error)s
where id = %(run)s and status <> 'completed'

-- name: load_definition
select d.definition, d.version
from public.workflow_runs r
join public.workflow_definitions d on d.id = r.workflow_id
where r.id = %(run)s

-- name: load_secrets
select s.name, s.ciphertext, s.key_version
from public.secrets s
where s.project_id = (select r.project_id from public.workflow_runs r where r.id = %(run)s)
