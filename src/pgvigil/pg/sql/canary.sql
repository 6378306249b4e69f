-- Fails at once where a lock on the catalogs that most probes read stands in the way, so that the others are spared.
select d.oid as database, r.oid as role
from pg_catalog.pg_database as d, pg_catalog.pg_roles as r, pg_catalog.pg_class as c
where d.datname = pg_catalog.current_database() and r.rolname = current_user and c.oid = 1259
