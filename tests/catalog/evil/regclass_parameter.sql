-- Fails on a name that it is given.
-- Refused: a computed text is cast to regclass
select pg_relation_size($1::regclass) as bytes
