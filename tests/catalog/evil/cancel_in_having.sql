-- Cancels a query in HAVING.
-- Refused: pg_cancel_backend
select 1 as one from pg_stat_activity having bool_or(pg_cancel_backend(pid))
