-- Roles are cluster-wide, so every one is created only where it is missing. The names anon, authenticated and
-- service_role are those a hosted API layer uses; the others are one login per part of the application.
do $$
declare
    wanted record;
begin
    for wanted in
        select *
        from (values
            ('anon', 'nologin'),
            ('authenticated', 'nologin'),
            ('service_role', 'nologin bypassrls'),
            ('meshhook_owner', 'nologin'),
            ('meshhook_api', 'login bypassrls'),
            ('meshhook_orchestrator', 'login bypassrls'),
            ('meshhook_worker', 'login'),
            ('meshhook_ui', 'login noinherit'),
            ('meshhook_reports', 'login bypassrls'),
            ('meshhook_admin', 'login bypassrls')
        ) as roles (name, options)
    loop
        if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
            execute format('create role %I %s', wanted.name, wanted.options);
        end if;
    end loop;
end
$$;

grant anon, authenticated to meshhook_ui;
grant service_role to meshhook_worker;
grant meshhook_owner to meshhook_admin;

create schema if not exists auth;
create schema if not exists extensions;
create schema if not exists pgmq authorization meshhook_owner;
-- Tables that a fault needs for itself are made here and dropped when it ends.
create schema if not exists sandbox_fault;
grant usage, create on schema public to meshhook_owner;
grant usage on schema public, auth, pgmq, extensions to
    anon, authenticated, service_role,
    meshhook_api, meshhook_orchestrator, meshhook_worker, meshhook_ui, meshhook_reports, meshhook_admin;
grant usage on schema auth to meshhook_owner;

do $$
begin
    if exists (select from pg_catalog.pg_available_extensions where name = 'pg_stat_statements') then
        create extension if not exists pg_stat_statements schema extensions;
    end if;
end
$$;

-- The caller's identity as the API layer passes it: claims of the token in a setting of the transaction.
create or replace function auth.uid() returns uuid
language sql stable
as $$ select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;

create or replace function auth.role() returns text
language sql stable
as $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role' $$;
