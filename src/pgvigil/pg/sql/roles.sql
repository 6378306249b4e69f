-- The predefined roles whose rights this role has.
select r.rolname::pg_catalog.text as name
from pg_catalog.pg_roles as r
where r.rolname ~ '^pg_' and pg_catalog.pg_has_role(r.oid, 'USAGE')
