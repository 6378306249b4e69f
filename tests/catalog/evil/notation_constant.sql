-- Reads a file as if it were a column.
-- Refused: (…).pg_read_file may call a function
select (('PG_VERSION'::text).pg_read_file) as x
