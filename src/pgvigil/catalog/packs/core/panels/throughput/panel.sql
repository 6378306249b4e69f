-- Transactions ended over seconds; every database of a reading has the same seconds, so they count once. Around a
-- fail-over one bucket has readings of two incarnations, each with seconds of its own.
WITH reading AS (
    SELECT ts, incarnation, CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step,
           sum(xact_commit) AS committed, sum(xact_rollback) AS rolled_back, max(secs) AS secs,
           bool_or(uncertain) AS uncertain
    FROM {databases}
    WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
    GROUP BY ALL
), steps AS (
    SELECT step, sum(committed) AS committed, sum(rolled_back) AS rolled_back, sum(secs) AS denominator,
           bool_or(uncertain) AS uncertain
    FROM reading
    GROUP BY step
)
SELECT step, series, numerator, denominator, uncertain
FROM steps UNPIVOT INCLUDE NULLS (numerator FOR series IN (committed, rolled_back))
