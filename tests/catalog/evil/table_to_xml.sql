-- Reads a whole table.
-- Refused: table_to_xml
select table_to_xml('jobs'::regclass, true, false, '') as x
