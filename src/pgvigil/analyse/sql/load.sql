-- Sessions seen active and samples taken, by step and wait class; load is the one over the other.
-- Our own sessions are told apart by their name. The class mirrors waits.wait_class. A step without a sample has no row: unknown, not idle.
WITH taken AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(samples) AS samples
    FROM {passes}
    WHERE target = $target AND probe = 'sessions' AND samples IS NOT NULL
      AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
    GROUP BY ALL
), seen AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step,
           CASE WHEN wait_event_type IS NULL THEN 'cpu'
                WHEN lower(wait_event_type) IN ('io', 'lock', 'lwlock', 'client', 'ipc', 'timeout')
                    THEN lower(wait_event_type)
                ELSE 'other' END AS class,
           sum(samples) AS samples
    FROM {sessions}
    WHERE target = $target AND state = 'active' AND backend_type IS DISTINCT FROM 'walsender'
      AND application IS DISTINCT FROM 'pgvigil'
      AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
    GROUP BY ALL
)
SELECT taken.step, seen.class, coalesce(seen.samples, 0), taken.samples
FROM taken LEFT JOIN seen USING (step)
WHERE taken.samples > 0
ORDER BY taken.step
