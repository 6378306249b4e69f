-- Blocks found in shared buffers over blocks asked for.
SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, 'hit' AS series, sum(blks_hit) AS numerator,
       sum(blks_hit + blks_read) AS denominator, bool_or(uncertain) AS uncertain
FROM {databases}
WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
GROUP BY ALL
