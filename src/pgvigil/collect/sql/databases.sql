-- The databases that may be visited.
select d.oid as dbid, d.datname::text as name
from pg_database d
where d.datallowconn and not d.datistemplate and has_database_privilege(d.oid, 'connect')
order by d.datname
