-- The row as a text.
-- Refused: s takes whole or renamed rows where pg_stats holds secrets
select s::text as x from pg_stats s
