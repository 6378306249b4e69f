SELECT 'role' AS kind, userid AS number, name FROM role_names WHERE target = $target AND incarnation = $incarnation
UNION ALL
SELECT 'database', dbid, name FROM database_names WHERE target = $target AND incarnation = $incarnation
