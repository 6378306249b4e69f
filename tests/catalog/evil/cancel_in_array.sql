-- Cancels queries in an array of a sub-select.
-- Refused: pg_cancel_backend
select array(select pg_cancel_backend(pid) from pg_stat_activity) as c
