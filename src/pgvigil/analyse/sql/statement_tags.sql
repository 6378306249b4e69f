-- Sessions seen active by the tags of their statements' comments: a session counts for each of its tags. With the number
-- of statements that bore a tag. A class mirrors waits.wait_class.
WITH seen AS (
    SELECT queryid, incarnation, unnest(string_split(regexp_replace(tags, ' ([A-Za-z_][A-Za-z0-9_.-]*=)', chr(31) || '\1', 'g'), chr(31))) AS tag,
           CASE WHEN wait_event_type IS NULL THEN 'cpu'
                WHEN lower(wait_event_type) IN ('io', 'lock', 'lwlock', 'client', 'ipc', 'timeout')
                    THEN lower(wait_event_type)
                ELSE 'other' END AS class,
           samples
    FROM {sessions}
    WHERE target = $target AND state = 'active' AND tags IS NOT NULL
      AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
), named AS (
    SELECT tag, count(DISTINCT (queryid, incarnation)) AS statements FROM seen WHERE queryid IS NOT NULL GROUP BY tag
)
SELECT tag, class, coalesce(any_value(statements), 0), CAST(sum(samples) AS BIGINT)
FROM seen LEFT JOIN named USING (tag)
GROUP BY tag, class
