-- Makes a table, in a UNION.
-- Refused: it holds SELECT INTO
select 1 as one into temporary x union select 2
