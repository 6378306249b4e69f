-- 18: an operation may move several blocks, bytes are counted apart, and WAL has rows here. Its times are columns of
-- their own, for another setting switches them on. Null means that this process never does such a thing.
select
    i.backend_type, i.object, i.context,
    i.reads, i.read_bytes::int8 as read_bytes,
    case when i.object <> 'wal' then i.read_time end as read_time,
    case when i.object = 'wal' then i.read_time end as wal_read_time,
    i.writes, i.write_bytes::int8 as write_bytes,
    case when i.object <> 'wal' then i.write_time end as write_time,
    case when i.object = 'wal' then i.write_time end as wal_write_time,
    i.writebacks, i.writeback_time,
    i.extends, i.extend_bytes::int8 as extend_bytes, i.extend_time,
    i.hits, i.evictions, i.reuses, i.fsyncs,
    case when i.object <> 'wal' then i.fsync_time end as fsync_time,
    case when i.object = 'wal' then i.fsync_time end as wal_fsync_time,
    i.stats_reset
from pg_stat_get_io() i
