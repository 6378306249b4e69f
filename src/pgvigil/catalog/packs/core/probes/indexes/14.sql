-- 14 and 15.
-- No function here opens the index, so none waits behind an AccessExclusiveLock; sizes are those that vacuum wrote down.
select
    (select d.oid from pg_database d where d.datname = current_database()) as dbid,
    c.oid as indexid,
    x.indrelid as relid,
    n.nspname::text as schema,
    c.relname::text as name,
    pg_stat_get_numscans(c.oid) as idx_scan,
    pg_stat_get_tuples_returned(c.oid) as idx_tup_read,
    pg_stat_get_tuples_fetched(c.oid) as idx_tup_fetch,
    pg_stat_get_blocks_fetched(c.oid) - pg_stat_get_blocks_hit(c.oid) as idx_blks_read,
    pg_stat_get_blocks_hit(c.oid) as idx_blks_hit,
    c.relpages::int8 as relpages,
    c.reltuples::float8 as reltuples,
    x.indisvalid as is_valid,
    x.indisunique as is_unique,
    x.indisprimary as is_primary
from pg_class c
join pg_index x on x.indexrelid = c.oid
join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'i'
    and c.relpersistence <> 't'
    and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
