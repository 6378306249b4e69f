-- Blocks found in shared buffers over blocks asked for.
SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(blks_hit), sum(blks_hit + blks_read)
FROM {databases}
WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
GROUP BY ALL
