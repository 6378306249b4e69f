-- What one statement did in each step of a span about which something is known; nothing where it was not called.
WITH known AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(secs) AS secs
    FROM {passes}
    WHERE target = $target AND probe = 'statements' AND secs IS NOT NULL
      AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
    GROUP BY ALL
    HAVING sum(secs) > 0
), moved AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step,
           sum(calls) AS calls, sum(total_exec_time) AS busy_ms, sum("rows") AS returned,
           sum(sumsq_exec_time) AS squares,
           count(*) FILTER (WHERE sumsq_exec_time IS NULL AND calls > 0) AS squares_missing,
           sum(shared_blks_hit) AS hit, sum(shared_blks_read) AS read,
           sum(temp_blks_read + temp_blks_written) AS temp, sum(wal_bytes) AS wal,
           coalesce(sum(shared_blk_read_time), 0) + coalesce(sum(shared_blk_write_time), 0)
           + coalesce(sum(local_blk_read_time), 0) + coalesce(sum(local_blk_write_time), 0)
           + coalesce(sum(temp_blk_read_time), 0) + coalesce(sum(temp_blk_write_time), 0) AS io,
           sum(plans) AS plans, sum(total_plan_time) AS planning,
           bool_or(uncertain) AS uncertain
    FROM {statements}
    WHERE target = $target AND queryid IS NOT DISTINCT FROM $queryid AND userid = $userid AND dbid = $dbid
      AND toplevel = $toplevel AND incarnation = $incarnation
      AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
    GROUP BY ALL
), counted AS (
    SELECT *, moved.step IS NULL AS idle, busy_ms / nullif(calls, 0) AS mean,
           CASE WHEN squares_missing = 0 THEN squares / nullif(calls, 0) - (busy_ms / nullif(calls, 0)) ** 2 END
               AS variance
    FROM known LEFT JOIN moved USING (step)
)
SELECT step,
       CASE WHEN idle THEN 0 ELSE calls / secs END AS calls,
       mean / 1000 AS mean,
       CASE WHEN variance > 1e-12 * mean ** 2 THEN sqrt(variance) / 1000
            WHEN variance >= -1e-6 * mean ** 2 THEN 0 END AS stddev,
       CASE WHEN idle THEN 0 ELSE returned / secs END AS rows,
       CASE WHEN idle THEN 0 ELSE hit / secs END AS hit,
       CASE WHEN idle THEN 0 ELSE read / secs END AS read,
       CASE WHEN idle THEN 0 ELSE temp * CAST($block_size AS BIGINT) / secs END AS temp,
       CASE WHEN idle THEN 0 ELSE wal / secs END AS wal,
       CASE WHEN idle THEN 0 ELSE io / 1000 / secs END AS io,
       CASE WHEN idle THEN 0 ELSE busy_ms / 1000 / secs END AS load,
       planning / nullif(plans, 0) / 1000 AS planning,
       coalesce(uncertain, false) AS uncertain
FROM counted
ORDER BY step
