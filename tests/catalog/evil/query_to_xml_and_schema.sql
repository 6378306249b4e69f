-- Runs a statement given as a text, by another name.
-- Refused: runs SQL
select query_to_xml_and_xmlschema('delete from jobs returning 1', true, false, '') as x
