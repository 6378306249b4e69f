-- Starts a new WAL file, in a lateral sub-select.
-- Refused: pg_switch_wal
select s.lsn from pg_database d, lateral (select pg_switch_wal() as lsn where d.datallowconn) s
