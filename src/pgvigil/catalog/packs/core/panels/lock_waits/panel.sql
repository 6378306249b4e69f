-- Sessions seen waiting for a lock over samples taken, as the class Lock of the load.
WITH taken AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(samples) AS samples
    FROM {passes}
    WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
      AND probe = 'sessions' AND samples IS NOT NULL
    GROUP BY ALL
), seen AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(samples) AS samples
    FROM {sessions}
    WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
      AND state = 'active' AND wait_event_type = 'Lock'
    GROUP BY ALL
)
SELECT taken.step, 'waiting' AS series, coalesce(seen.samples, 0) AS numerator, taken.samples AS denominator,
       false AS uncertain
FROM taken LEFT JOIN seen USING (step)
WHERE taken.samples > 0
