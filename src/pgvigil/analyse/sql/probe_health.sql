-- Of every probe: when it last brought something, and how its last turn ended.
SELECT probe, max(epoch_us(ts)) FILTER (WHERE outcome = 'ok'), arg_max(outcome, ts), arg_max_null(reason, ts)
FROM {passes}
WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
GROUP BY probe
