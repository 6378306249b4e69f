-- Checkpoints begun, per hour, over seconds.
WITH steps AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(timed) * 3600 AS timed,
           sum(requested) * 3600 AS requested, sum(secs) AS denominator, bool_or(uncertain) AS uncertain
    FROM {checkpoints}
    WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
    GROUP BY ALL
)
SELECT step, series, numerator, denominator, uncertain
FROM steps UNPIVOT INCLUDE NULLS (numerator FOR series IN (timed, requested))
