-- Of every probe: when it was last read, how its last turn ended, and when it last brought rows.
SELECT probe, max(epoch_us(ts)) FILTER (WHERE outcome = 'ok'), arg_max(outcome, ts), arg_max_null(reason, ts),
       max(epoch_us(ts)) FILTER (WHERE "rows" > 0)
FROM {passes}
WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
GROUP BY probe
