-- Fills the cache with a table.
-- Refused: pg_prewarm rewrites
select pg_prewarm('jobs') as n
