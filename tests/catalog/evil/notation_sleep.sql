-- Sleeps as if that were a column, in the order.
-- Refused: (…).pg_sleep may call a function
select 1 as one order by (1000::float8).pg_sleep
