-- Reads the server's key.
-- Refused: reads or writes files
select encode(pg_read_binary_file('server.key'), 'base64') as key
