-- A stand-in for the pgmq extension, written for this sandbox: one table per queue and one per archive, and functions
-- that are called as those of pgmq are. It lacks what the workload does not need (partitioned queues, headers, topics).
-- The first words of the schema's comment tell the sandbox that this database is its own.
comment on schema pgmq is 'pgvigil sandbox: stand-in for the pgmq extension';

set role meshhook_owner;

create table pgmq.meta (
    queue_name text primary key,
    is_partitioned boolean not null default false,
    is_unlogged boolean not null default false,
    created_at timestamptz not null default now()
);

create type pgmq.message_record as (
    msg_id bigint,
    read_ct integer,
    enqueued_at timestamptz,
    vt timestamptz,
    message jsonb
);

create function pgmq."create"(queue_name text) returns void
language plpgsql
as $$
begin
    if queue_name !~ '^[a-z_][a-z0-9_]{0,47}$' then
        raise exception 'queue name "%" must be lower case letters, digits and _, at most 48', queue_name;
    end if;
    execute format(
        'create table pgmq.%I (
            msg_id bigint generated always as identity primary key,
            read_ct integer not null default 0,
            enqueued_at timestamptz not null default now(),
            vt timestamptz not null,
            message jsonb)', 'q_' || queue_name);
    execute format('create index %I on pgmq.%I (vt)', 'q_' || queue_name || '_vt_idx', 'q_' || queue_name);
    execute format(
        'create table pgmq.%I (
            msg_id bigint primary key,
            read_ct integer not null,
            enqueued_at timestamptz not null,
            archived_at timestamptz not null default now(),
            vt timestamptz not null,
            message jsonb)', 'a_' || queue_name);
    execute format('create index %I on pgmq.%I (archived_at)', 'a_' || queue_name || '_at_idx', 'a_' || queue_name);
    insert into pgmq.meta (queue_name) values (queue_name);
end
$$;

create function pgmq.drop_queue(queue_name text) returns boolean
language plpgsql
as $$
declare
    name alias for queue_name;
begin
    execute format('drop table pgmq.%I, pgmq.%I', 'q_' || name, 'a_' || name);
    delete from pgmq.meta m where m.queue_name = name;
    return found;
end
$$;

create function pgmq.send(queue_name text, msg jsonb, delay integer default 0) returns setof bigint
language plpgsql
as $$
begin
    return query execute format(
        'insert into pgmq.%I (vt, message) values (clock_timestamp() + make_interval(secs => $1), $2) returning msg_id',
        'q_' || queue_name) using delay, msg;
end
$$;

create function pgmq.read(queue_name text, vt integer, qty integer) returns setof pgmq.message_record
language plpgsql
as $$
begin
    return query execute format(
        'with due as (
            select msg_id from pgmq.%1$I
            where vt <= clock_timestamp()
            order by msg_id
            limit $2
            for update skip locked)
         update pgmq.%1$I as q
         set vt = clock_timestamp() + make_interval(secs => $1), read_ct = q.read_ct + 1
         from due
         where q.msg_id = due.msg_id
         returning q.msg_id, q.read_ct, q.enqueued_at, q.vt, q.message',
        'q_' || queue_name) using vt, qty;
end
$$;

create function pgmq.set_vt(queue_name text, msg_id bigint, vt integer) returns setof pgmq.message_record
language plpgsql
as $$
begin
    return query execute format(
        'update pgmq.%I as q set vt = clock_timestamp() + make_interval(secs => $2) where q.msg_id = $1
         returning q.msg_id, q.read_ct, q.enqueued_at, q.vt, q.message',
        'q_' || queue_name) using msg_id, vt;
end
$$;

create function pgmq.delete(queue_name text, msg_id bigint) returns boolean
language plpgsql
as $$
declare
    gone bigint;
begin
    execute format('delete from pgmq.%I as q where q.msg_id = $1 returning q.msg_id', 'q_' || queue_name)
        into gone using msg_id;
    return gone is not null;
end
$$;

create function pgmq.archive(queue_name text, msg_id bigint) returns boolean
language plpgsql
as $$
declare
    kept bigint;
begin
    execute format(
        'with gone as (
            delete from pgmq.%I as q where q.msg_id = $1
            returning q.msg_id, q.read_ct, q.enqueued_at, q.vt, q.message)
         insert into pgmq.%I (msg_id, read_ct, enqueued_at, vt, message) table gone returning msg_id',
        'q_' || queue_name, 'a_' || queue_name) into kept using msg_id;
    return kept is not null;
end
$$;

create function pgmq.metrics(text)
returns table (queue_name text, queue_length bigint, newest_msg_age_sec integer, oldest_msg_age_sec integer,
               total_messages bigint, scrape_time timestamptz, queue_visible_length bigint)
language plpgsql
as $$
declare
    name alias for $1;
begin
    return query execute format(
        'select $1, count(*), extract(epoch from clock_timestamp() - max(enqueued_at))::integer,
                extract(epoch from clock_timestamp() - min(enqueued_at))::integer,
                (select case when is_called then last_value else 0 end from %s), clock_timestamp(),
                count(*) filter (where vt <= clock_timestamp())
         from pgmq.%I',
        pg_get_serial_sequence(format('pgmq.%I', 'q_' || name), 'msg_id'), 'q_' || name) using name;
end
$$;

create function pgmq.metrics_all()
returns table (queue_name text, queue_length bigint, newest_msg_age_sec integer, oldest_msg_age_sec integer,
               total_messages bigint, scrape_time timestamptz, queue_visible_length bigint)
language sql
as $$ select m.* from pgmq.meta q, pgmq.metrics(q.queue_name) m $$;

create function pgmq.list_queues() returns setof pgmq.meta
language sql stable
as $$ table pgmq.meta $$;

select pgmq."create"('workflow_jobs');
select pgmq."create"('workflow_jobs_dlq');
insert into public.queue_config (queue_name, dead_letter_queue, visibility_s) values
    ('workflow_jobs', 'workflow_jobs_dlq', 30),
    ('workflow_jobs_dlq', null, 300);

create view public.queue_monitoring as
    select c.queue_name, m.queue_length, m.queue_visible_length, m.oldest_msg_age_sec, m.total_messages,
           c.visibility_s, c.max_attempts
    from public.queue_config c, pgmq.metrics(c.queue_name) m;

-- weakness: pgmq.queue_length does not exist, so the documented monitoring call fails each time.
create function public.get_queue_metrics(queue text) returns table (queue_name text, length bigint)
language plpgsql
as $$
begin
    return query execute 'select $1, pgmq.queue_length($1)' using queue;
end
$$;

create function public.move_job_to_dlq(job bigint, dead_letter_queue text, body jsonb, reason text) returns bigint
language plpgsql
as $$
declare
    dead bigint;
begin
    select s into dead from pgmq.send(dead_letter_queue, body) s;
    update public.job_tracking
    set status = 'dead', moved_to_dlq_at = now(), last_error = reason
    where msg_id = job;
    return dead;
end
$$;

create function public.purge_old_queue_archives(keep interval) returns bigint
language plpgsql
as $$
declare
    gone bigint;
begin
    delete from pgmq.a_workflow_jobs where archived_at < now() - keep;
    get diagnostics gone = row_count;
    return gone;
end
$$;

create function public.drop_old_workflow_events_partitions(months integer) returns integer
language plpgsql
as $$
declare
    old record;
    dropped integer := 0;
    limit_name text := 'workflow_events_y'
        || to_char(now() at time zone 'UTC' - make_interval(months => months), 'YYYY"m"MM');
begin
    for old in
        select inhrelid::regclass as part from pg_catalog.pg_inherits
        where inhparent = 'public.workflow_events'::regclass and inhrelid::regclass::text < limit_name
    loop
        execute format('drop table %s', old.part);
        dropped := dropped + 1;
    end loop;
    return dropped;
end
$$;

reset role;
