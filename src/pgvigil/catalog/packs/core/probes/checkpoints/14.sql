-- Until 16 all is in pg_stat_bgwriter.
select
    b.checkpoints_timed as timed,
    b.checkpoints_req as requested,
    b.checkpoint_write_time as write_time,
    b.checkpoint_sync_time as sync_time,
    b.buffers_checkpoint as buffers_written,
    b.buffers_clean,
    b.maxwritten_clean,
    b.buffers_backend,
    b.buffers_backend_fsync,
    b.buffers_alloc,
    b.stats_reset
from pg_stat_bgwriter b
