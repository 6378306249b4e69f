-- Cancels a query in the condition of a join.
-- Refused: pg_cancel_backend
select a.pid from pg_stat_activity a join pg_locks l on l.pid = a.pid and pg_cancel_backend(a.pid)
