-- 18 adds the times of vacuum and analysis.
-- No function here opens the table, so none waits behind an AccessExclusiveLock; sizes are those that vacuum wrote down.
-- Temporary tables and the system's own are left out. What the indexes count is not summed here: a sum of counters
-- falls when an index is dropped, as if it had been reset; differences of the probe indexes can be summed.
select
    (select d.oid from pg_database d where d.datname = current_database()) as dbid,
    c.oid as relid,
    n.nspname::text as schema,
    c.relname::text as name,
    c.relkind::text as relkind,
    h.inhparent as parent,
    pg_stat_get_numscans(c.oid) as seq_scan,
    pg_stat_get_tuples_returned(c.oid) as seq_tup_read,
    pg_stat_get_tuples_fetched(c.oid) as bitmap_tup_fetch,
    pg_stat_get_tuples_inserted(c.oid) as n_tup_ins,
    pg_stat_get_tuples_updated(c.oid) as n_tup_upd,
    pg_stat_get_tuples_deleted(c.oid) as n_tup_del,
    pg_stat_get_tuples_hot_updated(c.oid) as n_tup_hot_upd,
    pg_stat_get_tuples_newpage_updated(c.oid) as n_tup_newpage_upd,
    pg_stat_get_blocks_fetched(c.oid) - pg_stat_get_blocks_hit(c.oid) as heap_blks_read,
    pg_stat_get_blocks_hit(c.oid) as heap_blks_hit,
    pg_stat_get_blocks_fetched(t.oid) - pg_stat_get_blocks_hit(t.oid) as toast_blks_read,
    pg_stat_get_blocks_hit(t.oid) as toast_blks_hit,
    pg_stat_get_vacuum_count(c.oid) as vacuum_count,
    pg_stat_get_autovacuum_count(c.oid) as autovacuum_count,
    pg_stat_get_analyze_count(c.oid) as analyze_count,
    pg_stat_get_autoanalyze_count(c.oid) as autoanalyze_count,
    pg_stat_get_total_vacuum_time(c.oid) as total_vacuum_time,
    pg_stat_get_total_autovacuum_time(c.oid) as total_autovacuum_time,
    pg_stat_get_total_analyze_time(c.oid) as total_analyze_time,
    pg_stat_get_total_autoanalyze_time(c.oid) as total_autoanalyze_time,
    pg_stat_get_live_tuples(c.oid) as n_live_tup,
    pg_stat_get_dead_tuples(c.oid) as n_dead_tup,
    pg_stat_get_mod_since_analyze(c.oid) as n_mod_since_analyze,
    pg_stat_get_ins_since_vacuum(c.oid) as n_ins_since_vacuum,
    c.relpages::int8 as relpages,
    c.relallvisible::int8 as relallvisible,
    c.reltuples::float8 as reltuples,
    t.relpages::int8 as toast_pages,
    age(nullif(c.relfrozenxid, '0'::xid)) as xid_age,
    pg_stat_get_last_vacuum_time(c.oid) as last_vacuum,
    pg_stat_get_last_autovacuum_time(c.oid) as last_autovacuum,
    pg_stat_get_last_analyze_time(c.oid) as last_analyze,
    pg_stat_get_last_autoanalyze_time(c.oid) as last_autoanalyze,
    pg_stat_get_lastscan(c.oid) as last_seq_scan
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join pg_class t on t.oid = c.reltoastrelid
left join pg_inherits h on h.inhrelid = c.oid and c.relispartition
where c.relkind in ('r', 'm', 'p')
    and c.relpersistence <> 't'
    and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
