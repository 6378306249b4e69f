-- Rewrites an index.
-- Refused: gin_clean_pending_list rewrites
select gin_clean_pending_list('jobs_data') as n
