-- Fills the server's log.
-- Refused: pg_log_backend_memory_contexts
select pg_log_backend_memory_contexts(pid) as done from pg_stat_activity
