-- Load of some statements by step, to four significant digits, of the steps in which they moved. The queryids come as
-- one JSON text: a bound list costs 0.1 ms a value.
WITH known AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(secs) AS secs
    FROM {passes}
    WHERE target = $target AND probe = 'statements' AND secs IS NOT NULL
      AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
    GROUP BY ALL
), moved AS (
    SELECT queryid, userid, dbid, toplevel, incarnation,
           CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(total_exec_time) / 1000 AS busy
    FROM {statements}
    WHERE target = $target AND queryid IN (SELECT unnest(from_json($queryids, '["BIGINT"]')))
      AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
    GROUP BY ALL
), loads AS (
    SELECT moved.*, busy / secs AS load FROM moved JOIN known USING (step) WHERE secs > 0 AND busy > 0
)
SELECT queryid, userid, dbid, toplevel, incarnation,
       list(step), list(round(load, 3 - CAST(floor(log10(load)) AS INTEGER)))
FROM loads
GROUP BY queryid, userid, dbid, toplevel, incarnation
