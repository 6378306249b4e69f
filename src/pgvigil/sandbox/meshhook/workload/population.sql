-- name: definitions
select d.slug, d.project_id::text as project, d.id::text as workflow
from public.workflow_definitions d
where d.version = 1
order by d.created_at

-- name: users
select p.owner_id::text as owner, p.id::text as project
from public.projects p
order by p.slug
