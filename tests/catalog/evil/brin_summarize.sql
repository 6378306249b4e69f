-- Rewrites an index.
-- Refused: brin_summarize_new_values rewrites
select brin_summarize_new_values('jobs_made') as n
