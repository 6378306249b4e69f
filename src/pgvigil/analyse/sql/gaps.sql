-- Intervals in which a probe does not know what happened, that touch a span, latest first.
WITH found AS (
    SELECT DISTINCT epoch_us(since) AS since, epoch_us(until) AS until, reason, detail
    FROM gaps
    WHERE target = $target AND probe = $probe AND until > make_timestamp($since) AND since < make_timestamp($until)
)
SELECT since, until, reason, detail, count(*) OVER ()
FROM found
ORDER BY since DESC, until DESC, reason, detail
LIMIT $limit
