-- Tables whose dead rows are many times what autovacuum waits for, and to which it does not come: it is off, or none
-- came for five minutes. To a table that was never vacuumed it comes in a while, if it was not seen for so long.
WITH latest AS (
    SELECT dbid, relid, incarnation, arg_max(dead, ts) AS dead, arg_max(living, ts) AS living,
           arg_max(due_at, ts) AS due_at, arg_max(autovacuum, ts) AS autovacuum, arg_max(vacuum_age, ts) AS vacuum_age,
           epoch(max(ts) - min(ts)) AS seen_for
    FROM {dead_rows}
    WHERE target = $target AND ts > make_timestamp($since)
    GROUP BY dbid, relid, incarnation
    HAVING max(ts) = (SELECT max(ts) FROM {passes} WHERE target = $target AND probe = 'dead_rows' AND outcome = 'ok')
)
SELECT 'table ' || latest.dbid || '/' || latest.relid AS key, latest.dead / greatest(latest.due_at, 1) AS value,
       latest.dead, latest.dead / greatest(latest.living, 1) AS times, latest.vacuum_age,
       CASE WHEN latest.autovacuum = 'off' THEN 'off' END AS off,
       coalesce(relation_names.name, 'table ' || latest.relid) AS tablename
FROM latest
LEFT JOIN relation_names
    ON relation_names.target = $target AND relation_names.incarnation = latest.incarnation
    AND relation_names.dbid = latest.dbid AND relation_names.relid = latest.relid
WHERE latest.autovacuum = 'off' OR coalesce(latest.vacuum_age, latest.seen_for) >= 300
