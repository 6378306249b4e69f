-- Every statement that moved in the span, per user and database, with its share of the execution time of all.
WITH moved AS (
    SELECT queryid, userid, dbid, toplevel, incarnation,
           sum(calls) AS calls, sum(total_exec_time) / 1000 AS busy, sum("rows") AS returned,
           bool_or(uncertain) AS uncertain
    FROM {statements} -- of the span alone: a second look at every ts costs a tenth of the query
    WHERE target = $target
    GROUP BY ALL
    HAVING sum(calls) > 0 OR sum(total_exec_time) > 0
), known AS (
    SELECT sum(secs) AS secs
    FROM {passes}
    WHERE target = $target AND probe = 'statements' AND outcome = 'ok'
      AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
), named AS (
    SELECT moved.*, queries.text, role_names.name AS role, database_names.name AS database, known.secs,
           -- Statements within functions are part of the time of the one that called them.
           sum(moved.busy) FILTER (WHERE moved.toplevel) OVER () AS busy_of_all,
           count(*) OVER () AS total
    FROM moved
    CROSS JOIN known
    LEFT JOIN queries
        ON queries.target = $target AND queries.incarnation = moved.incarnation AND queries.queryid = moved.queryid
    LEFT JOIN role_names
        ON role_names.target = $target AND role_names.incarnation = moved.incarnation
        AND role_names.userid = moved.userid
    LEFT JOIN database_names
        ON database_names.target = $target AND database_names.incarnation = moved.incarnation
        AND database_names.dbid = moved.dbid
)
SELECT queryid, userid, dbid, toplevel, text, role, database, calls, calls / nullif(secs, 0) AS calls_per_s,
       1000 * busy / nullif(calls, 0) AS mean_ms, returned / nullif(calls, 0) AS rows_per_call,
       busy / nullif(secs, 0) AS load, busy / nullif(busy_of_all, 0) AS share, uncertain, incarnation, secs, total
FROM named
ORDER BY {order} NULLS LAST, queryid, userid, dbid, toplevel, incarnation
LIMIT $limit OFFSET $offset
