-- Begins a backup.
-- Refused: pg_backup_start
select pg_backup_start('x') as lsn
