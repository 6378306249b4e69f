-- Seconds of execution over calls, of statements sent by clients. A step in which none ended was read all the same.
WITH taken AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step
    FROM {passes}
    WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
      AND probe = 'statements' AND secs IS NOT NULL
    GROUP BY ALL
), read AS (
    -- Millions of rows over a month: so the step is computed of each moment, not of each row, and the ends, which the
    -- relation has already, are not looked at again.
    SELECT ts, sum(total_exec_time) / 1000 AS seconds, sum(calls) AS calls, bool_or(uncertain) AS uncertain
    FROM {statements}
    WHERE target = $target AND toplevel
    GROUP BY ALL
), spent AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(seconds) AS seconds,
           sum(calls) AS calls, bool_or(uncertain) AS uncertain
    FROM read
    GROUP BY ALL
)
SELECT taken.step, 'mean' AS series, spent.seconds AS numerator, coalesce(spent.calls, 0) AS denominator,
       coalesce(spent.uncertain, false) AS uncertain
FROM taken LEFT JOIN spent USING (step)
