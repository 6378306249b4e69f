-- Cancels a query in LIMIT.
-- Refused: pg_cancel_backend
select pid from pg_stat_activity limit (select pg_cancel_backend(1)::int)
