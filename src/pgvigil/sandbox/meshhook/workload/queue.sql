-- What a worker does: poll, track, settle; with retries after a delay and a dead letter queue after the last attempt.

-- name: poll
select msg_id, read_ct, message ->> 'run_id' as run, coalesce((message ->> 'attempt')::integer, 1) as attempt
from pgmq.read('workflow_jobs', %(visibility)s, 1)

-- name: job_started
update public.job_tracking
set started_at = now()
where msg_id = %(job)s

-- name: delete_job
select pgmq.delete('workflow_jobs', %(job)s)

-- name: job_completed
update public.job_tracking
set status = 'completed', completed_at = now()
where msg_id = %(job)s

-- name: archive_job
select pgmq.archive('workflow_jobs', %(job)s)

-- name: retry
select pgmq.send('workflow_jobs', %(message)s::jsonb, %(delay)s)

-- name: track_retry
insert into public.job_tracking (queue_name, msg_id, run_id, attempt, last_error)
values ('workflow_jobs', %(job)s, %(run)s, %(attempt)s, %(error)s)

-- name: job_failed
update public.job_tracking
set status = 'failed', completed_at = now(), last_error = %(error)s
where msg_id = %(job)s

-- name: dead_letter
select public.move_job_to_dlq(%(job)s, 'workflow_jobs_dlq', %(message)s::jsonb, %(error)s)

-- name: extend
select msg_id from pgmq.set_vt('workflow_jobs', %(job)s, %(visibility)s)

-- name: queue_config
select visibility_s, max_attempts, backoff_s, backoff_max_s, dead_letter_queue
from public.queue_config
where queue_name = 'workflow_jobs'
