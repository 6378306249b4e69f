-- Puts a name where it is not quoted.
-- Refused: stands in a string or comment
select pg_relation_size('{object}'::regclass) as bytes from {object} t
