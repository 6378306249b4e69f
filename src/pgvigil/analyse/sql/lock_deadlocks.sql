-- Readings in which the server counted deadlocks, and who was seen to wait in that time.
WITH counted AS (
    SELECT epoch_us(ts) - CAST(secs * 1000000 AS BIGINT) AS since, epoch_us(ts) AS until, incarnation, dbid, deadlocks
    FROM {databases}
    WHERE target = $target AND deadlocks > 0
    ORDER BY ts DESC
    LIMIT $most
), seen AS (
    SELECT incarnation, dbid, epoch_us(seen) AS seen, coalesce(application, role_names.name) AS who
    FROM {locks} AS locks LEFT JOIN role_names USING (target, incarnation, userid)
    WHERE target = $target
)
SELECT counted.since, counted.until, database_names.name AS database, any_value(counted.deadlocks) AS deadlocks,
       list_sort(list(DISTINCT seen.who) FILTER (seen.who IS NOT NULL)) AS who
FROM counted
LEFT JOIN seen
    ON seen.incarnation = counted.incarnation AND seen.dbid = counted.dbid
    AND seen.seen > counted.since - 2000000 AND seen.seen <= counted.until
LEFT JOIN database_names
    ON database_names.target = $target AND database_names.incarnation = counted.incarnation
    AND database_names.dbid = counted.dbid
GROUP BY counted.since, counted.until, database_names.name
ORDER BY counted.until DESC
