-- Cancels a query while it filters.
-- Refused: pg_cancel_backend ends or cancels
select pid from pg_stat_activity where state = 'active' and pg_cancel_backend(pid)
