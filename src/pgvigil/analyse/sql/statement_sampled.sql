-- How many samples were taken, how many active client sessions they saw, and how many of these told no statement, or no
-- tag. Our own sessions are told apart by their name.
SELECT (
           SELECT sum(samples)
           FROM {passes}
           WHERE target = $target AND probe = 'sessions' AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
       ) AS taken,
       coalesce(sum(samples), 0) AS active,
       coalesce(sum(samples) FILTER (WHERE queryid IS NULL), 0) AS unnamed,
       coalesce(sum(samples) FILTER (WHERE tags IS NULL), 0) AS untagged
FROM {sessions}
WHERE target = $target AND state = 'active' AND backend_type IS DISTINCT FROM 'walsender'
  AND application IS DISTINCT FROM 'pgvigil'
  AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
