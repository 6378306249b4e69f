-- Makes JSON of the row as if it were a column.
-- Refused: s.row_to_json takes whole or renamed rows
select s.row_to_json as x from pg_subscription s
