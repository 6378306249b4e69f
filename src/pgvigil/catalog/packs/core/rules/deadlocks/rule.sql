-- Deadlocks by database, and who was seen waiting for a lock there most often.
WITH found AS (
    SELECT dbid, incarnation, sum(deadlocks) AS deadlocks FROM {databases}
    WHERE target = $target AND ts > make_timestamp($since)
    GROUP BY ALL
    HAVING sum(deadlocks) > 0
), waited AS (
    SELECT dbid, incarnation, userid, application, queryid, sum(samples) AS samples
    FROM {sessions}
    WHERE target = $target AND wait_event_type = 'Lock' AND ts > make_timestamp($since)
    GROUP BY dbid, incarnation, userid, application, queryid
    QUALIFY row_number() OVER (PARTITION BY dbid, incarnation ORDER BY sum(samples) DESC, queryid) = 1
)
SELECT 'database ' || found.dbid AS key, found.deadlocks AS value, database_names.name AS database,
       queries.text AS statement, '`' || coalesce(waited.application, role_names.name) || '`' AS who
FROM found
LEFT JOIN waited ON waited.dbid = found.dbid AND waited.incarnation = found.incarnation
LEFT JOIN database_names
    ON database_names.target = $target AND database_names.incarnation = found.incarnation
    AND database_names.dbid = found.dbid
LEFT JOIN role_names
    ON role_names.target = $target AND role_names.incarnation = found.incarnation AND role_names.userid = waited.userid
LEFT JOIN queries
    ON queries.target = $target AND queries.incarnation = found.incarnation AND queries.queryid = waited.queryid
