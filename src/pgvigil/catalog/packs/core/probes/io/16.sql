-- 16 and 17: every operation moves op_bytes bytes. Null means that this process never does such a thing.
select
    i.backend_type, i.object, i.context,
    i.reads, i.reads * i.op_bytes as read_bytes, i.read_time,
    i.writes, i.writes * i.op_bytes as write_bytes, i.write_time,
    i.writebacks, i.writeback_time,
    i.extends, i.extends * i.op_bytes as extend_bytes, i.extend_time,
    i.hits, i.evictions, i.reuses, i.fsyncs, i.fsync_time, i.stats_reset
from pg_stat_get_io() i
