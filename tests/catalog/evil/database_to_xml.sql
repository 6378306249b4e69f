-- Reads a whole database.
-- Refused: database_to_xml
select database_to_xml(true, false, '') as x
