-- What the statements of a span did by kind, by user and by database. A role or database without a name is told by its
-- number.
WITH moved AS (
    SELECT queryid, userid, dbid, toplevel, incarnation, sum(calls) AS calls, sum(total_exec_time) / 1000 AS busy,
           bool_or(uncertain) AS uncertain
    FROM {statements}
    WHERE target = $target
    GROUP BY ALL
    HAVING sum(calls) > 0 OR sum(total_exec_time) > 0
), told AS (
    SELECT calls, busy, uncertain, toplevel,
           coalesce(role_names.name, CAST(moved.userid AS VARCHAR)) AS role,
           coalesce(database_names.name, CAST(moved.dbid AS VARCHAR)) AS database,
           {kind} AS kind,
           sum(busy) FILTER (WHERE toplevel) OVER () AS busy_of_all
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
SELECT part.trait, part.name, count(*) AS statements, CAST(sum(calls) AS BIGINT) AS calls,
       sum(calls) / nullif($secs, 0) AS calls_per_s, 1000 * sum(busy) / nullif(sum(calls), 0) AS mean_ms,
       sum(busy) / nullif($secs, 0) AS load, sum(busy) / nullif(any_value(busy_of_all), 0) AS share,
       bool_or(uncertain) AS uncertain
FROM told, LATERAL (VALUES ('kind', kind), ('user', role), ('database', database)) AS part(trait, name)
-- The time of statements within functions is part of that of their callers, and is not counted twice.
WHERE part.trait = 'kind' OR toplevel
GROUP BY part.trait, part.name
ORDER BY load DESC NULLS LAST, part.name
