-- The age of the oldest message, by queue, where messages were taken out within a day. Queues for dead letters are
-- emptied by people, when they come to it.
WITH reading AS (
    SELECT queue, incarnation, arg_max(oldest_age, ts) AS oldest, arg_max(depth, ts) AS depth, arg_max(dead, ts) AS dead,
           sum(sent) / nullif(sum(secs), 0) AS sent, sum(removed) / nullif(sum(secs), 0) AS removed
    FROM {queues}
    WHERE target = $target AND ts > make_timestamp($since)
    GROUP BY ALL
), taken AS (
    SELECT queue, incarnation FROM {queues_before} WHERE target = $target GROUP BY ALL HAVING sum(removed) > 0
)
SELECT 'queue ' || reading.queue AS key, reading.oldest AS value, reading.queue, reading.depth,
       nullif(reading.dead, 0) AS dead, reading.sent, reading.removed
FROM reading
JOIN taken USING (queue, incarnation)
WHERE reading.oldest IS NOT NULL AND NOT reading.queue LIKE '%\_dlq' ESCAPE '\'
