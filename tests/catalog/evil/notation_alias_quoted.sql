-- The same, quoted.
-- Refused: n.pg_advisory_lock calls the function pg_advisory_lock
select "n"."pg_advisory_lock" as x from generate_series(1::bigint, 2) n
