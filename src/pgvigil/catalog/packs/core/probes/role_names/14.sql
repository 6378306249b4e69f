select r.oid as userid, r.rolname::text as name
from pg_roles r
