-- Cancels queries in the definition of a window.
-- Refused: pg_cancel_backend
select rank() over w as r from pg_stat_activity window w as (partition by pg_cancel_backend(pid))
