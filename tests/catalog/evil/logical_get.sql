-- Takes changes out of a slot.
-- Refused: pg_logical_slot_get_changes
select c.data from pg_logical_slot_get_changes('x', null, null) c
