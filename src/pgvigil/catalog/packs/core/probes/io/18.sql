-- 18: an operation may move several blocks and bytes are counted apart. Null: this process never does such a thing.
select
    i.backend_type, i.object, i.context,
    i.reads, i.read_bytes::int8 as read_bytes, i.read_time,
    i.writes, i.write_bytes::int8 as write_bytes, i.write_time,
    i.writebacks, i.writeback_time,
    i.extends, i.extend_bytes::int8 as extend_bytes, i.extend_time,
    i.hits, i.evictions, i.reuses, i.fsyncs, i.fsync_time, i.stats_reset
from pg_stat_get_io() i
