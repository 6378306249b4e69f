-- Bytes of write-ahead log over seconds.
SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(wal_bytes), sum(secs)
FROM {wal}
WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
GROUP BY ALL
