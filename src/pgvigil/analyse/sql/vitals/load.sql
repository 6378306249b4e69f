-- Sessions seen active over samples taken.
WITH taken AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(samples) AS samples
    FROM {passes}
    WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until) AND probe = 'sessions' AND samples IS NOT NULL
    GROUP BY ALL
), seen AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(samples) AS samples
    FROM {sessions}
    WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until) AND state = 'active' AND backend_type IS DISTINCT FROM 'walsender'
        AND application IS DISTINCT FROM 'pgvigil'
    GROUP BY ALL
)
SELECT taken.step, coalesce(seen.samples, 0), taken.samples FROM taken LEFT JOIN seen USING (step)
