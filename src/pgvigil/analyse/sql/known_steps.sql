-- Seconds about which a probe told something, by step.
SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(secs)
FROM {passes}
WHERE target = $target AND probe = $probe AND secs IS NOT NULL
  AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
GROUP BY ALL
