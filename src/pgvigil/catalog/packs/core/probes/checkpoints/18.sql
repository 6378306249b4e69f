-- 18 adds num_done and slru_written.
select
    c.num_timed as timed,
    c.num_requested as requested,
    c.num_done as done,
    c.restartpoints_timed,
    c.restartpoints_req as restartpoints_requested,
    c.restartpoints_done,
    c.write_time,
    c.sync_time,
    c.buffers_written,
    c.slru_written,
    b.buffers_clean,
    b.maxwritten_clean,
    b.buffers_alloc,
    c.stats_reset
from pg_stat_checkpointer c, pg_stat_bgwriter b
