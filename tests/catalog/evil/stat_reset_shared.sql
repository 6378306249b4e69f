-- Throws away statistics of the cluster.
-- Refused: throws away statistics
select pg_stat_reset_shared(s) as done from unnest(array['bgwriter', 'wal']) s
