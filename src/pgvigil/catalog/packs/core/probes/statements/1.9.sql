-- Version 1.9 (comes with 14): toplevel is part of the key.
-- Without texts (the argument false): with them the server reads the whole file of texts each time.
-- The sum of squares undoes what the view does with it: it is calls * (stddev^2 + mean^2).
select
    s.userid, s.dbid, s.queryid, s.toplevel, s.calls, s.total_exec_time, s.rows, s.min_exec_time, s.max_exec_time,
    s.calls * s.stddev_exec_time * s.stddev_exec_time
        + s.total_exec_time * s.total_exec_time / greatest(s.calls, 1) as sumsq_exec_time,
    s.plans, s.total_plan_time, s.min_plan_time, s.max_plan_time, s.stddev_plan_time,
    s.shared_blks_hit, s.shared_blks_read, s.shared_blks_dirtied, s.shared_blks_written, s.local_blks_hit,
    s.local_blks_read, s.local_blks_dirtied, s.local_blks_written, s.temp_blks_read, s.temp_blks_written,
    s.blk_read_time as shared_blk_read_time, s.blk_write_time as shared_blk_write_time, s.wal_records, s.wal_fpi,
    s.wal_bytes::int8 as wal_bytes
from {extension_schema}.pg_stat_statements(false) s
where s.queryid is not null
