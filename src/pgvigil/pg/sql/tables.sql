-- Of the tables asked for ($1, as schema.name) those that are there, and whether the role may read them.
select n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name,
    pg_catalog.has_schema_privilege(n.oid, 'USAGE') and pg_catalog.has_table_privilege(c.oid, 'SELECT') as readable
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname || '.' || c.relname = any ($1::pg_catalog.text[])
