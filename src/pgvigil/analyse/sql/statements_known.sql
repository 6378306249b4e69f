-- For how many seconds of a span it is known what statements did, and of which incarnations of the server.
SELECT sum(secs), list(DISTINCT incarnation) FILTER (WHERE secs IS NOT NULL)
FROM {passes}
WHERE target = $target AND probe = 'statements' AND outcome = 'ok'
  AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
