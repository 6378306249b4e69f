-- What the sessions that ran one statement were seen doing, and whose they were: by event, user, database, application
-- and tag. A class mirrors waits.wait_class.
WITH seen AS (
    SELECT CASE WHEN wait_event_type IS NULL THEN 'cpu'
                WHEN lower(wait_event_type) IN ('io', 'lock', 'lwlock', 'client', 'ipc', 'timeout')
                    THEN lower(wait_event_type)
                ELSE 'other' END AS class,
           coalesce(wait_event, '') AS event,
           coalesce(role_names.name, CAST(userid AS VARCHAR)) AS role,
           coalesce(database_names.name, CAST(dbid AS VARCHAR)) AS database,
           application, tags, samples
    FROM {sessions} AS sessions
    LEFT JOIN role_names USING (target, incarnation, userid)
    LEFT JOIN database_names USING (target, incarnation, dbid)
    WHERE target = $target AND state = 'active' AND queryid = $queryid AND incarnation = $incarnation
      AND ts > make_timestamp($since) AND ts <= make_timestamp($until)
), parts AS (
    SELECT part.trait AS trait, part.name, class, samples
    FROM seen, LATERAL (VALUES
        ('event', event), ('user', role), ('database', database), ('application', coalesce(application, ''))
    ) AS part(trait, name)
    UNION ALL
    SELECT 'tag', unnest(string_split(regexp_replace(tags, ' ([A-Za-z_][A-Za-z0-9_.-]*=)', chr(31) || '\1', 'g'), chr(31))), class, samples FROM seen WHERE tags IS NOT NULL
)
SELECT trait, name, class, CAST(sum(samples) AS BIGINT) AS samples
FROM parts
WHERE name IS NOT NULL
GROUP BY trait, name, class
ORDER BY samples DESC, trait, name, class
