-- The public schema of a webhook-first workflow engine: definitions, runs, and an event log from which the state
-- of a run is replayed. Some weaknesses of the real thing are kept on purpose, so that a monitor has what to find;
-- each carries the word "weakness" in its comment.
set role meshhook_owner;

create table public.projects (
    id uuid primary key default gen_random_uuid(),
    owner_id uuid not null,
    name text not null,
    slug text not null unique,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index projects_owner_idx on public.projects (owner_id);

create table public.secrets (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references public.projects on delete cascade,
    name text not null,
    ciphertext bytea not null,
    key_version integer not null default 1,
    rotated_at timestamptz,
    created_at timestamptz not null default now(),
    unique (project_id, name)
);

create table public.workflow_definitions (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references public.projects on delete cascade,
    slug text not null,
    version integer not null default 1,
    name text not null,
    definition jsonb not null,
    published boolean not null default true,
    created_by uuid,
    created_at timestamptz not null default now(),
    unique (project_id, slug, version)
);
comment on table public.workflow_definitions is
    'weakness: webhooks look a definition up by slug alone, which no index serves';

create table public.workflow_runs (
    id uuid primary key default gen_random_uuid(),
    workflow_id uuid not null references public.workflow_definitions on delete cascade,
    project_id uuid not null references public.projects on delete cascade,
    status text not null default 'queued',
    trigger text not null default 'webhook',
    error text,
    started_at timestamptz,
    finished_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index workflow_runs_project_idx on public.workflow_runs (project_id);
create index workflow_runs_workflow_idx on public.workflow_runs (workflow_id);
create index workflow_runs_status_idx on public.workflow_runs (status);
create index workflow_runs_project_status_idx on public.workflow_runs (project_id, status);
comment on table public.workflow_runs is
    'weakness: the list of runs is ordered by created_at, which has no index; a status change is never a HOT update';

create table public.workflow_events (
    id bigserial,
    run_id uuid not null references public.workflow_runs on delete cascade,
    ts timestamptz not null default now(),
    type text not null,
    step text,
    attempt integer not null default 1,
    payload jsonb not null default '{}',
    primary key (id, ts)
) partition by range (ts);
comment on table public.workflow_events is
    'weakness: no row-level security on the parent or its partitions; a replay names no ts and so visits every partition';

create table public.audit_log (
    id bigserial primary key,
    project_id uuid references public.projects on delete cascade,
    actor_id uuid,
    action text not null,
    target text,
    detail jsonb not null default '{}',
    at timestamptz not null default now()
);
create index audit_log_project_at_idx on public.audit_log (project_id, at desc);
create index audit_log_at_idx on public.audit_log (at);

create table public.queue_config (
    queue_name text primary key,
    dead_letter_queue text,
    visibility_s integer not null default 30,
    max_attempts integer not null default 5,
    backoff_s numeric not null default 1,
    backoff_max_s numeric not null default 300,
    updated_at timestamptz not null default now()
);

create table public.job_tracking (
    id bigserial primary key,
    queue_name text not null references public.queue_config,
    msg_id bigint not null,
    run_id uuid,
    attempt integer not null default 1,
    status text not null default 'queued',
    last_error text,
    enqueued_at timestamptz not null default now(),
    started_at timestamptz,
    completed_at timestamptz,
    moved_to_dlq_at timestamptz
) with (fillfactor = 90);
create index job_tracking_status_idx on public.job_tracking (status);
create index job_tracking_msg_idx on public.job_tracking (msg_id);
create index job_tracking_run_idx on public.job_tracking (run_id);

create table public.user_settings (
    user_id uuid primary key,
    theme text not null default 'system',
    timezone text not null default 'UTC',
    page_size integer not null default 50,
    notify jsonb not null default '{}',
    updated_at timestamptz not null default now()
);

create function public.touch_updated_at() returns trigger
language plpgsql
as $$
begin
    new.updated_at := now();
    return new;
end
$$;
create trigger workflow_runs_touch before update on public.workflow_runs
    for each row execute function public.touch_updated_at();
create trigger projects_touch before update on public.projects
    for each row execute function public.touch_updated_at();

-- Indexes are made per partition, not on the parent.
create function public.index_workflow_events_month(name text) returns void
language plpgsql
as $$
begin
    execute format('create index if not exists %I on public.%I (run_id, ts)', name || '_run_ts_idx', name);
    execute format('create index if not exists %I on public.%I (type, ts)', name || '_type_ts_idx', name);
end
$$;

-- Months are UTC.
create function public.attach_workflow_events_month(month date) returns text
language plpgsql
as $$
declare
    first date := date_trunc('month', month::timestamp)::date;
    name text := 'workflow_events_y' || to_char(first, 'YYYY') || 'm' || to_char(first, 'MM');
begin
    if to_regclass('public.' || name) is not null then
        return name;
    end if;
    execute format(
        'create table public.%I partition of public.workflow_events for values from (%L) to (%L)',
        name, first || ' 00:00+00', (first + interval '1 month')::date || ' 00:00+00');
    perform public.index_workflow_events_month(name);
    return name;
end
$$;

-- weakness: names a parent that an earlier migration renamed, so the first month it has to make fails.
create function public.create_workflow_events_partition(month date) returns void
language plpgsql
as $$
begin
    execute format(
        'create table public.%I partition of public.workflow_events_partitioned for values from (%L) to (%L)',
        'workflow_events_y' || to_char(month, 'YYYY') || 'm' || to_char(month, 'MM'),
        month, (month + interval '1 month')::date);
end
$$;

-- weakness: silent while three months lie ahead, then fails every night.
create function public.maintain_workflow_events_partitions() returns integer
language plpgsql
as $$
declare
    current_name text := 'workflow_events_y' || to_char(now() at time zone 'UTC', 'YYYY"m"MM');
    ahead integer;
    made integer := 0;
begin
    select count(*) into ahead
    from pg_catalog.pg_inherits
    where inhparent = 'public.workflow_events'::regclass and inhrelid::regclass::text >= current_name;
    while ahead < 3 loop
        perform public.create_workflow_events_partition(
            (date_trunc('month', now() at time zone 'UTC') + make_interval(months => ahead))::date);
        ahead := ahead + 1;
        made := made + 1;
    end loop;
    return made;
end
$$;

select public.attach_workflow_events_month((now() at time zone 'UTC' + make_interval(months => n))::date)
from generate_series(-2, 3) as n;

create view public.workflows as
    select distinct on (project_id, slug) id, project_id, slug, name, version, published, created_at
    from public.workflow_definitions
    order by project_id, slug, version desc;

create view public.job_statistics as
    select queue_name, status, count(*) as jobs, avg(attempt) as attempts,
           avg(extract(epoch from completed_at - started_at)) as seconds
    from public.job_tracking
    group by queue_name, status;

-- weakness: row_count_estimate counts the row of pg_class, so it is always 1.
create view public.workflow_events_partition_info as
    select c.relname as partition, pg_get_expr(c.relpartbound, c.oid) as bounds, count(*) as row_count_estimate
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'public.workflow_events'::regclass
    group by c.oid, c.relname, c.relpartbound;

create materialized view public.workflow_statistics as
    select workflow_id, count(*) as runs, count(*) filter (where status = 'failed') as failed,
           avg(extract(epoch from finished_at - started_at)) as seconds, max(created_at) as last_run
    from public.workflow_runs
    group by workflow_id;
create unique index workflow_statistics_workflow_idx on public.workflow_statistics (workflow_id);

reset role;
