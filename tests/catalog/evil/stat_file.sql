-- Looks at a file.
-- Refused: pg_stat_file reads or writes files
select (pg_stat_file('postgresql.conf')).size as size
