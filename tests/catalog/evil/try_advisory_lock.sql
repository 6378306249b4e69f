-- Takes a lock that the application uses, if it is free.
-- Refused: takes locks
select pg_try_advisory_xact_lock(1) as done
