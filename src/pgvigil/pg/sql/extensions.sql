select e.extname::pg_catalog.text as name, n.nspname::pg_catalog.text as schema, e.extversion as version,
    pg_catalog.has_schema_privilege(n.oid, 'USAGE') as usable
from pg_catalog.pg_extension as e
join pg_catalog.pg_namespace as n on n.oid = e.extnamespace
