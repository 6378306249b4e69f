-- Takes a lock as if it were a column.
-- Refused: (…).pg_advisory_lock may call a function
select 1 as one where (1::int8).pg_advisory_lock is null
