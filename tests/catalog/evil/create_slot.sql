-- Makes a replication slot, which holds back WAL.
-- Refused: pg_create_physical_replication_slot creates
select s.slot_name from pg_create_physical_replication_slot('x', true) s
