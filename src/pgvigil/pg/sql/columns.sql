-- The columns of the relations asked for ($1) that are in pg_catalog or belong to an extension.
select c.relname::pg_catalog.text as relation, a.attname::pg_catalog.text as name
from pg_catalog.pg_class as c
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relname = any ($1::pg_catalog.text[])
  and (
    c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace
    or exists (
      select 1 from pg_catalog.pg_depend as d
      where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e'
    )
  )
