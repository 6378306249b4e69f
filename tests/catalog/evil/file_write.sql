-- Writes a file by the extension adminpack.
-- Refused: pg_file_write reads or writes files
select pg_file_write('x', 'y', true) as n
