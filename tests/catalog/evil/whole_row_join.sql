-- The row of a join.
-- Refused: j takes whole or renamed rows where pg_stats_ext
select to_jsonb(j) as x from (pg_stats_ext e join pg_class c on true) j
