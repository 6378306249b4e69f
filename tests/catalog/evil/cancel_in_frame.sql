-- Cancels queries in the offset of a frame.
-- Refused: pg_cancel_backend
select sum(pid) over (order by pid rows between 1 preceding and (pg_cancel_backend(1)::int) following) as s from pg_stat_activity
