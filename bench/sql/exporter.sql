SELECT s.queryid::text AS queryid, d.datname, r.rolname, {columns}
FROM extensions.pg_stat_statements AS s
JOIN pg_database AS d ON d.oid = s.dbid
JOIN pg_roles AS r ON r.oid = s.userid
ORDER BY s.total_exec_time DESC
LIMIT 500
