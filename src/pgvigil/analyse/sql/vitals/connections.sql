-- Client connections over the number of readings.
SELECT CAST(ceil((epoch_us(ts) - $since) / $step) AS INTEGER) AS step, sum(connections), count(DISTINCT ts)
FROM {connections}
WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until) AND backend_type = 'client backend'
GROUP BY ALL
