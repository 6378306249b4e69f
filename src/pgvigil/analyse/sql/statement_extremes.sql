-- The shortest and longest execution of one statement as last told, and since when they count.
SELECT arg_max(min_exec_time, ts), arg_max(max_exec_time, ts), arg_max(minmax_stats_since, ts),
       arg_max(stats_since, ts)
FROM {statements}
WHERE target = $target AND queryid IS NOT DISTINCT FROM $queryid AND userid = $userid AND dbid = $dbid
  AND toplevel = $toplevel AND incarnation = $incarnation
  AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
