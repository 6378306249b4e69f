-- Ends a session, by the schema's name.
-- Refused: ends or cancels
select pg_catalog.pg_terminate_backend(pid) as done from pg_stat_activity
