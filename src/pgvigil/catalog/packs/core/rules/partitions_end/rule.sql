-- How much of the last partition's time has gone by, by table; below 0 there is another one to come.
WITH latest AS (
    SELECT * FROM {partitions}
    WHERE target = $target AND ts > make_timestamp($since)
      AND ts = (SELECT max(ts) FROM {passes} WHERE target = $target AND probe = 'partitions' AND outcome = 'ok')
)
SELECT 'table ' || latest.dbid || '/' || latest.relid AS key,
       (latest.now - latest.last_from) / (latest.last_to - latest.last_from) AS value,
       latest.partitions, coalesce(relation_names.name, 'table ' || latest.relid) AS tablename,
       strftime(make_timestamp(CAST(latest.last_to AS BIGINT) * 1000000), '%Y-%m-%d %H:%M UTC') AS until,
       CASE WHEN latest.last_to < latest.now THEN 'has ended: every INSERT of now fails'
            WHEN latest.last_to < latest.now + 172800 THEN 'ends in ' || CAST(round((latest.last_to - latest.now) / 3600) AS INTEGER) || ' hours'
            ELSE 'ends in ' || CAST(round((latest.last_to - latest.now) / 86400) AS INTEGER) || ' days' END AS ends
FROM latest
LEFT JOIN relation_names
    ON relation_names.target = $target AND relation_names.incarnation = latest.incarnation
    AND relation_names.dbid = latest.dbid AND relation_names.relid = latest.relid
WHERE NOT latest.has_default AND latest.now < latest.last_to + 20 * (latest.last_to - latest.last_from)
