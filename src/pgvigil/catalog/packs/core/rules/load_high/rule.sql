-- Average active sessions over the CPUs, and the statement and the wait that most of them are at. Without a number of
-- CPUs there is no row.
WITH taken AS (
    SELECT sum(samples) AS samples FROM {passes}
    WHERE target = $target AND probe = 'sessions' AND ts > make_timestamp($since)
), seen AS (
    SELECT queryid, incarnation, coalesce(wait_event_type, 'the CPU') AS wait, sum(samples) AS samples
    FROM {sessions}
    WHERE target = $target AND state = 'active' AND backend_type IS DISTINCT FROM 'walsender'
      AND application IS DISTINCT FROM 'pgvigil' AND ts > make_timestamp($since)
    GROUP BY ALL
), all_seen AS (
    SELECT sum(samples) AS samples FROM seen
), top_statement AS (
    SELECT queryid, incarnation, sum(samples) AS samples FROM seen GROUP BY ALL ORDER BY samples DESC, queryid LIMIT 1
), top_wait AS (
    SELECT wait FROM seen GROUP BY wait ORDER BY sum(samples) DESC, wait LIMIT 1
)
SELECT 'load' AS key, all_seen.samples / taken.samples / CAST($cpus AS DOUBLE) AS value,
       round(all_seen.samples / taken.samples, 1) AS active, $cpus AS cpus, queries.text AS statement,
       top_statement.samples / all_seen.samples AS share, top_wait.wait
FROM taken CROSS JOIN all_seen CROSS JOIN top_statement CROSS JOIN top_wait
LEFT JOIN queries
    ON queries.target = $target AND queries.incarnation = top_statement.incarnation
    AND queries.queryid = top_statement.queryid
WHERE taken.samples > 0 AND all_seen.samples > 0 AND $cpus IS NOT NULL
