-- Exports a snapshot and so holds back vacuum.
-- Refused: pg_export_snapshot
select pg_export_snapshot() as id
