-- What happened in a span, latest first.
SELECT epoch_us(ts), kind, subject, before, after, detail, count(*) OVER ()
FROM events
WHERE target = $target AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
ORDER BY ts DESC, kind, subject, before, after, detail
LIMIT $limit OFFSET $offset
