-- Ends a session, with quotes and capitals around it.
-- Refused: ends or cancels
select "pg_catalog"."pg_terminate_backend" (pid) as done, PG_TERMINATE_BACKEND(pid) as again from pg_stat_activity
