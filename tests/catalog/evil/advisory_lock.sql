-- Takes a lock that the application uses.
-- Refused: pg_advisory_lock takes locks
select pg_advisory_lock(1) as done
