-- Seconds for which we waited for answers over seconds watched. Every probe has a row for each of its passes, and all of
-- them tell of the same time: it counts once, by the sampler's buckets, or where sessions cannot be seen by the readings
-- of server, which any role can see. A bucket in which pgvigil was started anew has two rows. A reading of server after a
-- gap tells of all of it; of the rows that end in a step none reaches back by more than its length, so two at most.
WITH reading AS (
    SELECT ts, incarnation, CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(elapsed_ms) AS waited_ms,
           max(secs) FILTER (WHERE probe = 'sessions' AND outcome = 'ok') AS sampled,
           max(secs) FILTER (WHERE probe = 'server' AND outcome = 'ok') AS read
    FROM {passes}
    WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
    GROUP BY ALL
)
SELECT step, 'cost' AS series, sum(waited_ms) / 1000 AS numerator,
       coalesce(sum(sampled), least(sum(read), $step / 5e5)) AS denominator, false AS uncertain
FROM reading
GROUP BY step
