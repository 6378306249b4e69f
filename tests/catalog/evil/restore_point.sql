-- Writes to the WAL.
-- Refused: pg_create_restore_point
select pg_create_restore_point('x') as lsn
