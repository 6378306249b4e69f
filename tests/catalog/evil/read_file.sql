-- Reads a file of the server.
-- Refused: pg_read_file reads or writes files
select pg_read_file('/etc/passwd') as text
