-- Bytes of temporary files over seconds; every database of a reading has the same seconds, so they count once.
WITH reading AS (
    SELECT ts, incarnation, CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step,
           sum(temp_bytes) AS written, max(secs) AS secs, bool_or(uncertain) AS uncertain
    FROM {databases}
    WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
    GROUP BY ALL
)
SELECT step, 'written' AS series, sum(written) AS numerator, sum(secs) AS denominator, bool_or(uncertain) AS uncertain
FROM reading
GROUP BY step
