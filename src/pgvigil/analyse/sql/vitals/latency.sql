-- Seconds of execution over calls, of statements sent by clients.
SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(total_exec_time) / 1000, sum(calls)
FROM {statements}
WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until) AND toplevel
GROUP BY ALL
