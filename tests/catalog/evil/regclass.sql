-- Fails on a name that is put together.
-- Refused: a computed text is cast to regclass
select pg_relation_size((n.nspname || '.' || c.relname)::regclass) as bytes from pg_class c, pg_namespace n
