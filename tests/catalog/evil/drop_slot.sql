-- Removes a replication slot.
-- Refused: pg_drop_replication_slot
select pg_drop_replication_slot(slot_name) as done from pg_replication_slots
