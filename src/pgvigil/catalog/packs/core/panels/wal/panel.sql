-- Bytes of write-ahead log over seconds.
SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, 'wal' AS series, sum(wal_bytes) AS numerator,
       sum(secs) AS denominator, bool_or(uncertain) AS uncertain
FROM {wal}
WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
GROUP BY ALL
