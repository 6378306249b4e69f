-- What one role ran so far, by statement.
SELECT s.queryid, left(regexp_replace(s.query, '\s+', ' ', 'g'), 90), s.calls, s.total_exec_time
FROM extensions.pg_stat_statements AS s JOIN pg_roles AS r ON r.oid = s.userid
WHERE r.rolname = %(role)s
