-- Looks at a file.
-- Refused: pg_stat_file reads or writes files
select f.size as size from pg_stat_file('postgresql.conf') f
