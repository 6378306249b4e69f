-- 18 moved writing and syncing to pg_stat_io, object wal.
select
    w.wal_records,
    w.wal_fpi,
    w.wal_bytes::int8 as wal_bytes,
    w.wal_buffers_full,
    w.stats_reset
from pg_stat_wal w
