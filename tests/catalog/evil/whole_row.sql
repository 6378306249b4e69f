-- Takes the row, in which the column is.
-- Refused: s takes whole or renamed rows where pg_stats holds secrets
select row_to_json(s) as x from pg_stats s
