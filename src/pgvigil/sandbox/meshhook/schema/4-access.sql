-- Who may do what. Row-level security stands on the tables of a tenant; workflow_events, job_tracking and queue_config
-- have none (weakness), and the policies call auth.uid() once per row (weakness).
set role meshhook_owner;

create function public.user_project_ids() returns setof uuid
language sql stable security definer
as $$ select id from public.projects where owner_id = auth.uid() $$;

alter table public.projects enable row level security;
alter table public.secrets enable row level security;
alter table public.workflow_definitions enable row level security;
alter table public.workflow_runs enable row level security;
alter table public.audit_log enable row level security;
alter table public.user_settings enable row level security;

create policy own_projects on public.projects
    for all to authenticated using (owner_id = auth.uid());
create policy own_secrets on public.secrets
    for all to authenticated using (project_id in (select public.user_project_ids()));
create policy own_definitions on public.workflow_definitions
    for all to authenticated using (project_id in (select public.user_project_ids()));
create policy own_runs on public.workflow_runs
    for all to authenticated
    using (project_id in (select p.id from public.projects p where p.owner_id = auth.uid()));
create policy own_audit on public.audit_log
    for select to authenticated using (project_id in (select public.user_project_ids()));
create policy write_audit on public.audit_log
    for insert to authenticated with check (actor_id = auth.uid());
create policy own_settings on public.user_settings
    for all to authenticated using (user_id = auth.uid());

grant select, insert, update, delete on all tables in schema public to
    authenticated, service_role, meshhook_api, meshhook_orchestrator, meshhook_reports;
grant select on all tables in schema public to anon;
grant usage on all sequences in schema public to
    authenticated, service_role, meshhook_api, meshhook_orchestrator, meshhook_reports;
grant select, insert, update, delete on all tables in schema pgmq to
    service_role, meshhook_api, meshhook_reports;
grant select on all sequences in schema pgmq to service_role, meshhook_api, meshhook_reports;
grant select on public.queue_monitoring to authenticated;
grant usage on all sequences in schema pgmq to service_role, meshhook_api;
-- The view runs pgmq.metrics as its caller, and the web page shows it.
grant select on all tables in schema pgmq to authenticated;
grant select on all sequences in schema pgmq to authenticated;

reset role;

-- Views that answer with the caller's rights exist from 15 on; before, the view answers as its owner (weakness).
do $$
begin
    if current_setting('server_version_num')::integer >= 150000 then
        alter view public.workflows set (security_invoker = true);
    end if;
end
$$;
