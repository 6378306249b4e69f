-- Seconds of execution of some statements by step.
SELECT queryid, userid, dbid, toplevel, incarnation, CAST(ceil((epoch_us(ts) - $since) / $step) AS INTEGER) AS step,
       sum(total_exec_time) / 1000
FROM {statements}
WHERE target = $target AND queryid IN (SELECT unnest($queryids))
  AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
GROUP BY ALL
