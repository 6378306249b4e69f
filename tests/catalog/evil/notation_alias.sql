-- The alias of a function that returns a number is that number.
-- Refused: n.pg_sleep calls the function pg_sleep
select n.pg_sleep from generate_series(1, 2) n
