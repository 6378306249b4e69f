-- What is told of one statement whatever the span: its text, since when that is known, whose it is, and its kind.
SELECT queries.text, queries.first_seen, role_names.name, database_names.name, {kind}
FROM (
    SELECT CAST($queryid AS BIGINT) AS queryid, CAST($userid AS UINTEGER) AS userid, CAST($dbid AS UINTEGER) AS dbid,
           CAST($toplevel AS BOOLEAN) AS toplevel
) AS moved
LEFT JOIN queries
    ON queries.target = $target AND queries.incarnation = $incarnation AND queries.queryid = moved.queryid
LEFT JOIN role_names
    ON role_names.target = $target AND role_names.incarnation = $incarnation AND role_names.userid = moved.userid
LEFT JOIN database_names
    ON database_names.target = $target AND database_names.incarnation = $incarnation
    AND database_names.dbid = moved.dbid
