-- Writes in a CTE nobody reads.
-- Refused: it holds UPDATE
with j as (update jobs set id = 2) select 1 as one
