-- The columns of the relations asked for ($1), in pg_catalog or in a schema that an extension lives in.
select c.relname::pg_catalog.text as relation, a.attname::pg_catalog.text as name
from pg_catalog.pg_class as c
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relname = any ($1::pg_catalog.text[])
  and (
    c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace
    or c.relnamespace in (select e.extnamespace from pg_catalog.pg_extension as e)
  )
