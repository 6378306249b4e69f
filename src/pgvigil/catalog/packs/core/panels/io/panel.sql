-- Bytes of relations read and written over seconds: of io where it was read in the step, else of the counters that all
-- versions have, whose blocks are taken as 8 kB. A row of io is there only where something moved, hence the seconds of
-- the passes.
WITH taken AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step,
           sum(secs) FILTER (WHERE probe = 'io') AS of_io,
           sum(secs) FILTER (WHERE probe = 'databases') AS of_databases,
           sum(secs) FILTER (WHERE probe = 'checkpoints') AS of_checkpoints
    FROM {passes}
    WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until) AND secs IS NOT NULL
      AND probe IN ('io', 'databases', 'checkpoints')
    GROUP BY ALL
), moved AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(read_bytes) AS read,
           sum(coalesce(write_bytes, 0) + coalesce(extend_bytes, 0)) AS written, bool_or(uncertain) AS uncertain
    FROM {io}
    WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until) AND object = 'relation'
    GROUP BY ALL
), asked AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(blks_read) * 8192 AS read,
           bool_or(uncertain) AS uncertain
    FROM {databases}
    WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
    GROUP BY ALL
), cleaned AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step,
           sum(buffers_written + buffers_clean + buffers_backend) * 8192 AS written, bool_or(uncertain) AS uncertain
    FROM {checkpoints}
    WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
    GROUP BY ALL
)
SELECT taken.step, 'read' AS series,
       CASE WHEN of_io IS NULL THEN asked.read ELSE coalesce(moved.read, 0) END AS numerator,
       CASE WHEN of_io IS NULL THEN of_databases ELSE of_io END AS denominator,
       coalesce(CASE WHEN of_io IS NULL THEN asked.uncertain ELSE moved.uncertain END, false) AS uncertain
FROM taken LEFT JOIN moved USING (step) LEFT JOIN asked USING (step)
UNION ALL
SELECT taken.step, 'written',
       CASE WHEN of_io IS NULL THEN cleaned.written ELSE coalesce(moved.written, 0) END,
       CASE WHEN of_io IS NULL THEN of_checkpoints ELSE of_io END,
       coalesce(CASE WHEN of_io IS NULL THEN cleaned.uncertain ELSE moved.uncertain END, false)
FROM taken LEFT JOIN moved USING (step) LEFT JOIN cleaned USING (step)
