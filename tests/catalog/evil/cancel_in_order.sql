-- Cancels a query while it sorts.
-- Refused: pg_cancel_backend
select pid from pg_stat_activity order by pg_cancel_backend(pid)
