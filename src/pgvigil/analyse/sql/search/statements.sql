-- Statements in whose text, user or database every word is, those first that took most time. A word is looked for as it
-- stands: no sign in it means anything.
WITH moved AS (
    SELECT queryid, userid, dbid, toplevel, incarnation, sum(calls) AS calls, sum(total_exec_time) AS busy, max(ts) AS last
    FROM {statements}
    WHERE target = $target
    GROUP BY ALL
    HAVING sum(calls) > 0 OR sum(total_exec_time) > 0
), named AS (
    SELECT moved.*, queries.text, role_names.name AS role, database_names.name AS database,
           lower(concat_ws(' ', queries.text, role_names.name, database_names.name)) AS told
    FROM moved
    LEFT JOIN queries
        ON queries.target = $target AND queries.incarnation = moved.incarnation AND queries.queryid = moved.queryid
    LEFT JOIN role_names
        ON role_names.target = $target AND role_names.incarnation = moved.incarnation
        AND role_names.userid = moved.userid
    LEFT JOIN database_names
        ON database_names.target = $target AND database_names.incarnation = moved.incarnation
        AND database_names.dbid = moved.dbid
)
SELECT queryid, userid, dbid, toplevel, incarnation, text, role, database, calls, epoch_us(last), count(*) OVER ()
FROM named
WHERE list_bool_and(list_transform(from_json($words, '["VARCHAR"]'), word -> contains(told, lower(word))))
ORDER BY busy DESC, queryid, userid, dbid, toplevel, incarnation
LIMIT $limit
