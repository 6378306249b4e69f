-- name: mark
select coalesce(obj_description(to_regnamespace('pgmq')::oid, 'pg_namespace'), '')

-- name: foreign_tables
select count(*)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
