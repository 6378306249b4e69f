-- The columns of 14 to 17.
select
    d.datid as dbid,
    d.datname::text as name,
    d.numbackends as connections,
    d.xact_commit, d.xact_rollback, d.blks_read, d.blks_hit, d.tup_returned, d.tup_fetched, d.tup_inserted,
    d.tup_updated, d.tup_deleted, d.conflicts, d.temp_files, d.temp_bytes, d.deadlocks, d.checksum_failures,
    d.blk_read_time, d.blk_write_time, d.session_time, d.active_time, d.idle_in_transaction_time, d.sessions,
    d.sessions_abandoned, d.sessions_fatal, d.sessions_killed,
    age(p.datfrozenxid) as xid_age,
    mxid_age(p.datminmxid) as mxid_age,
    d.stats_reset
from pg_stat_database d
left join pg_database p on p.oid = d.datid
