-- Filler for measurements: tables and indexes by the hundred, so that a monitor has as much to look at as it promises
-- for. Counts include what the sandbox has already.
create schema if not exists reference;
grant usage on schema reference to meshhook_api;

create or replace procedure reference.fill(tables integer, indexes integer)
language plpgsql
as $$
declare
    table_count integer;
    second_indexes integer;
    name text;
    made integer := 0;
begin
    select count(*) into table_count from pg_catalog.pg_stat_user_tables;
    -- Each table has one for its key; the first tables make up what is left.
    select indexes - count(*) - (tables - table_count) into second_indexes from pg_catalog.pg_stat_user_indexes;
    while table_count + made < tables loop
        made := made + 1;
        name := 'filler_' || to_char(made, 'FM00000');
        execute format(
            'create table if not exists reference.%I (
                record_id integer primary key,
                customer_reference text not null,
                amount_cents bigint not null,
                status_code smallint not null,
                created_at timestamptz not null default now(),
                payload_digest text)', name);
        execute format(
            'insert into reference.%I (record_id, customer_reference, amount_cents, status_code, payload_digest)
             select n, ''customer '' || n, n * 17, n %% 5, md5(n::text) from generate_series(1, 50) as n
             on conflict do nothing', name);
        if made <= second_indexes then
            execute format('create index if not exists %I on reference.%I (created_at)', name || '_created_idx', name);
        end if;
        -- Locks are kept until the transaction ends, and there are only so many.
        if made % 20 = 0 then
            commit;
        end if;
    end loop;
    grant select, update on all tables in schema reference to meshhook_api;
end
$$;
