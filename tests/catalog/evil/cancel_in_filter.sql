-- Cancels queries in the filter of an aggregate.
-- Refused: pg_cancel_backend
select count(*) filter (where pg_cancel_backend(pid)) as n from pg_stat_activity
