-- Reads a large object.
-- Refused: lo_get reads or writes large objects
select lo_get(1) as data
