-- When all statements were last reset, as the server last told.
SELECT arg_max(stats_reset, ts), coalesce(sum(dealloc), 0)
FROM {statements_info}
WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
