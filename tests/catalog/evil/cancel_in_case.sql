-- Cancels a query in one branch of CASE.
-- Refused: pg_cancel_backend
select case when pid > 0 then pg_cancel_backend(pid) end as c from pg_stat_activity
