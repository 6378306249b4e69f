-- The web page, by way of an API layer: every statement runs as `authenticated` with the user's claims set for its
-- transaction. A name is page__statement; a page runs its statements in this order.

-- name: claims
select set_config('role', 'authenticated', true), set_config('request.jwt.claims', %(claims)s, true)

-- name: runs__list
select r.id, r.status, r.created_at, d.slug
from public.workflow_runs r
join public.workflow_definitions d on d.id = r.workflow_id
order by r.created_at desc
limit 1000

-- name: runs__counts
select status, count(*)
from public.workflow_runs
where created_at > now() - interval '7 days'
group by status

-- name: runs__projects
select id, name, slug from public.projects order by name

-- name: run__latest
select id, workflow_id, status, error, started_at, finished_at
from public.workflow_runs
where project_id = %(project)s
order by created_at desc
limit 1

-- name: run__events
select e.ts, e.type, e.step, e.attempt, e.payload
from public.workflow_events e
where e.run_id = (select id from public.workflow_runs where project_id = %(project)s order by created_at desc limit 1)
order by e.ts

-- name: run__jobs
select j.attempt, j.status, j.last_error, j.started_at, j.completed_at
from public.job_tracking j
where j.run_id = (select id from public.workflow_runs where project_id = %(project)s order by created_at desc limit 1)

-- name: workflows__list
select id, slug, name, version, published from public.workflows where project_id = %(project)s order by name

-- name: workflows__activity
select workflow_id, count(*) as runs, max(created_at) as last_run
from public.workflow_runs
where project_id = %(project)s
group by workflow_id

-- name: editor__open
select id, slug, name, definition, version
from public.workflow_definitions
where project_id = %(project)s
order by created_at desc
limit 1

-- name: editor__versions
select slug, count(*) as versions, max(version) as newest
from public.workflow_definitions
where project_id = %(project)s
group by slug

-- name: publish__version
select coalesce(max(version), 0) + 1 from public.workflow_definitions
where project_id = %(project)s and slug = 'sandbox-draft'

-- name: publish__insert
insert into public.workflow_definitions (project_id, slug, version, name, definition, created_by)
select %(project)s, 'sandbox-draft', coalesce(max(version), 0) + 1, 'Draft', '{"nodes": []}', %(owner)s
from public.workflow_definitions
where project_id = %(project)s and slug = 'sandbox-draft'
on conflict do nothing

-- name: publish__audit
insert into public.audit_log (project_id, actor_id, action, target)
values (%(project)s, %(owner)s, 'workflow.publish', 'sandbox-draft')

-- name: secrets__list
select id, name, key_version, rotated_at from public.secrets where project_id = %(project)s order by name

-- name: secrets__audit
insert into public.audit_log (project_id, actor_id, action, detail)
values (%(project)s, %(owner)s, 'secret.list', '{"page": "secrets"}')

-- name: secrets__rotate
update public.secrets
set ciphertext = decode(md5(random()::text), 'hex'), key_version = key_version + 1, rotated_at = now()
where project_id = %(project)s and name = 'secret_1'

-- name: settings__read
select theme, timezone, page_size, notify from public.user_settings where user_id = %(owner)s

-- name: settings__save
insert into public.user_settings (user_id, page_size)
values (%(owner)s, %(page_size)s)
on conflict (user_id) do update set page_size = excluded.page_size, updated_at = now()

-- name: settings__projects
update public.projects set name = name where id = %(project)s

-- name: audit__recent
select at, action, target, detail from public.audit_log
where project_id = %(project)s
order by at desc
limit 100

-- name: audit__by_action
select action, count(*), max(at) from public.audit_log where project_id = %(project)s group by action

-- name: search__runs
select id, status, created_at from public.workflow_runs
where error ilike '%%' || %(word)s || '%%'
order by created_at desc
limit 50

-- name: search__workflows
select id, slug, name from public.workflow_definitions where name ilike '%%' || %(word)s || '%%' limit 50

-- name: queue__state
select queue_name, queue_length, queue_visible_length, oldest_msg_age_sec from public.queue_monitoring

-- name: queue__jobs
select queue_name, status, jobs, attempts from public.job_statistics

-- name: stats__workflows
select s.workflow_id, s.runs, s.failed, s.seconds
from public.workflow_statistics s
join public.workflow_definitions d on d.id = s.workflow_id
where d.project_id = %(project)s
order by s.runs desc
limit 20
