-- Client connections over readings, by state. A combination of application, state and so on is in a reading only while
-- there is one, so that coarser tiers hold sums over readings, not averages.
WITH taken AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(runs) AS readings
    FROM {passes}
    WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
      AND probe = 'connections' AND outcome = 'ok'
    GROUP BY ALL
), seen AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step,
           CASE WHEN state IN ('active', 'idle') THEN state
                WHEN state LIKE 'idle in transaction%' THEN 'idle_in_transaction'
                ELSE 'other' END AS series,
           sum(connections) AS connections
    FROM {connections}
    WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
      AND backend_type = 'client backend'
    GROUP BY ALL
)
SELECT taken.step, seen.series, coalesce(seen.connections, 0) AS numerator, taken.readings AS denominator,
       false AS uncertain
FROM taken LEFT JOIN seen USING (step)
