-- Statements that fail, each with another SQLSTATE; none leaves anything behind.

-- name: unique_violation
insert into public.projects (owner_id, name, slug) select owner_id, name, slug from public.projects limit 1

-- name: division_by_zero
select 100 * count(*) / (count(*) - count(*)) from public.queue_config

-- name: undefined_table
select id, message from public.logs order by id desc limit 100

-- name: undefined_column
select workflow_name from public.workflow_runs limit 1

-- name: invalid_text
select id from public.workflow_runs where id = 'not-a-uuid'::uuid

-- name: not_null_violation
insert into public.workflow_runs (workflow_id, project_id) values (null, null)

-- name: foreign_key_violation
insert into public.secrets (project_id, name, ciphertext) values (gen_random_uuid(), 'lost', '')

-- name: insufficient_privilege
drop table public.audit_log

-- name: no_partition
insert into public.workflow_events (run_id, ts, type) select id, '1999-01-01', 'lost' from public.workflow_runs limit 1

-- name: undefined_function
select pgmq.queue_length('workflow_jobs')
