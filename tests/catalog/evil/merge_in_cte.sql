-- Writes with MERGE.
-- Refused: it holds MERGE
with j as (merge into jobs using other o on o.id = jobs.id when matched then delete returning 1 as one) select one from j
