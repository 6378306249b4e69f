-- How far transactions per second fell against the hour before, where there were ten a second.
WITH reading AS (
    SELECT ts, incarnation, sum(xact_commit) AS ended, max(secs) AS secs FROM {databases}
    WHERE target = $target AND ts > make_timestamp($since) GROUP BY ALL
), earlier AS (
    SELECT ts, incarnation, sum(xact_commit) AS ended, max(secs) AS secs FROM {databases_before}
    WHERE target = $target GROUP BY ALL
), rates AS (
    SELECT (SELECT sum(ended) / nullif(sum(secs), 0) FROM reading) AS now_per_s,
           (SELECT sum(ended) / nullif(sum(secs), 0) FROM earlier) AS before_per_s,
           (SELECT sum(secs) FROM earlier) AS known
)
SELECT 'throughput' AS key, 1 - now_per_s / before_per_s AS value, now_per_s / before_per_s AS left, now_per_s, before_per_s
FROM rates
WHERE before_per_s >= 10 AND known >= 300
