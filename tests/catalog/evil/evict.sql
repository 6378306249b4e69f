-- Empties the cache.
-- Refused: pg_buffercache_evict_all rewrites
select pg_buffercache_evict_all() as n
