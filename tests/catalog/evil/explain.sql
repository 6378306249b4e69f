-- Runs a statement to explain it.
-- Refused: it is EXPLAIN
explain analyze select 1
