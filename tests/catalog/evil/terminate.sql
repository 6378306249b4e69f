-- Ends a session.
-- Refused: pg_terminate_backend ends or cancels
select pg_terminate_backend(pid) as done from pg_stat_activity
