-- Sessions seen active over samples taken, by wait class, which mirrors waits.wait_class. Our own sessions are told apart
-- by their name. A step without a sample has no row: unknown, not idle.
WITH taken AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(samples) AS samples
    FROM {passes}
    WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
      AND probe = 'sessions' AND samples IS NOT NULL
    GROUP BY ALL
), seen AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step,
           CASE WHEN wait_event_type IS NULL THEN 'cpu'
                WHEN lower(wait_event_type) IN ('io', 'lock', 'lwlock', 'client', 'ipc', 'timeout')
                    THEN lower(wait_event_type)
                ELSE 'other' END AS series,
           sum(samples) AS samples
    FROM {sessions}
    WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
      AND state = 'active' AND backend_type IS DISTINCT FROM 'walsender' AND application IS DISTINCT FROM 'pgvigil'
    GROUP BY ALL
)
SELECT taken.step, seen.series, coalesce(seen.samples, 0) AS numerator, taken.samples AS denominator,
       false AS uncertain
FROM taken LEFT JOIN seen USING (step)
WHERE taken.samples > 0
