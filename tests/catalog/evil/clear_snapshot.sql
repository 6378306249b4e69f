-- Throws away the snapshot of statistics that the transaction reads.
-- Refused: throws away statistics
select pg_stat_clear_snapshot() as done
