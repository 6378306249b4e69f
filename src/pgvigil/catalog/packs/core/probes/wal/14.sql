-- Until 17 with what writing and syncing took.
select
    w.wal_records,
    w.wal_fpi,
    w.wal_bytes::int8 as wal_bytes,
    w.wal_buffers_full,
    w.wal_write,
    w.wal_sync,
    w.wal_write_time,
    w.wal_sync_time,
    w.stats_reset
from pg_stat_wal w
