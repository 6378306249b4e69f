-- Plants statistics for the planner.
-- Refused: throws away statistics
select pg_restore_relation_stats('schemaname', 'public', 'relname', 'orders', 'relpages', 1) as done
