-- Cancels a query in GROUP BY.
-- Refused: pg_cancel_backend
select 1 as one from pg_stat_activity group by rollup (pg_cancel_backend(pid)), ()
