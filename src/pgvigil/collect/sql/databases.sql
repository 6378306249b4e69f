-- The databases there are, which of them may be visited, and which start of which server tells of them.
select
    d.oid as dbid,
    d.datname::text as name,
    d.datallowconn and not d.datistemplate and has_database_privilege(d.oid, 'connect') as visited,
    pg_postmaster_start_time() as started_at
from pg_database d
order by d.datname
