-- Lists a directory of the server.
-- Refused: pg_ls_dir reads or writes files
select n.name from pg_ls_dir('/') as n(name)
