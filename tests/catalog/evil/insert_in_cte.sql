-- Writes in a CTE.
-- Refused: it holds INSERT
with j as (insert into jobs values (1) returning id) select id from j
