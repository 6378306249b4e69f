-- Writes in a CTE of a sub-select.
-- Refused: it holds DELETE
select s.one from (with j as (delete from jobs returning 1 as one) select one from j) s
