-- The twenty tables of this database with the most dead rows, of those that have more of them than living ones. What
-- autovacuum waits for is as the documentation says: a threshold and a part of the rows (until 17 there is no upper limit).
select
    (select d.oid from pg_database d where d.datname = current_database()) as dbid,
    c.oid as relid,
    s.dead,
    s.living,
    v.threshold + v.part * greatest(c.reltuples, 0) as due_at,
    case when v.wanted then 'on' else 'off' end as autovacuum,
    extract(epoch from clock_timestamp() - greatest(
        pg_stat_get_last_vacuum_time(c.oid), pg_stat_get_last_autovacuum_time(c.oid)
    ))::float8 as vacuum_age
from pg_class c
cross join lateral (
    select pg_stat_get_dead_tuples(c.oid) as dead, pg_stat_get_live_tuples(c.oid) as living
) s
cross join lateral (
    select
        coalesce(max(o.option_value) filter (where o.option_name = 'autovacuum_enabled'), 'true')::bool
        and current_setting('autovacuum')::bool as wanted,
        coalesce(
            max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_threshold'),
            current_setting('autovacuum_vacuum_threshold')
        )::float8 as threshold,
        coalesce(
            max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_scale_factor'),
            current_setting('autovacuum_vacuum_scale_factor')
        )::float8 as part
    from pg_options_to_table(c.reloptions) o
) v
where c.relkind in ('r', 'm') and c.relpersistence <> 't' and s.dead >= 1000 and s.dead > s.living
order by s.dead desc
limit 20
