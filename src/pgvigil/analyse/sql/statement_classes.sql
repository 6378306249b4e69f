-- What the sessions of some statements were seen doing.
SELECT queryid, incarnation,
       CASE WHEN wait_event_type IS NULL THEN 'cpu'
            WHEN lower(wait_event_type) IN ('io', 'lock', 'lwlock', 'client', 'ipc', 'timeout')
                THEN lower(wait_event_type)
            ELSE 'other' END AS class,
       sum(samples)
FROM {sessions}
WHERE target = $target AND state = 'active' AND queryid IN (SELECT unnest(from_json($queryids, '["BIGINT"]')))
  AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
GROUP BY ALL
