-- Throws away the database's statistics.
-- Refused: pg_stat_reset throws away statistics
select pg_stat_reset() as done
