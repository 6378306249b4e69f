-- Every role, for a statement may have been run by one that cannot log in.
select r.oid as userid, r.rolname::text as name
from pg_roles r
