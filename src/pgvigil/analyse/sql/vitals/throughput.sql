-- Transactions ended over seconds; every database of a reading has the same seconds, so they count once. Around a
-- fail-over one bucket has readings of two incarnations, each with seconds of its own.
WITH reading AS (
    SELECT ts, incarnation, CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(xact_commit + xact_rollback) AS ended, max(secs) AS secs
    FROM {databases}
    WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
    GROUP BY ALL
)
SELECT step, sum(ended), sum(secs) FROM reading GROUP BY step
