-- Sessions seen in samples, with what each dimension of the load calls them; '' is a name for none. Our own sessions are
-- told apart by their name; a walsender is always active. A class mirrors waits.wait_class.
SELECT ts, samples,
       CASE WHEN wait_event_type IS NULL THEN 'cpu'
            WHEN lower(wait_event_type) IN ('io', 'lock', 'lwlock', 'client', 'ipc', 'timeout')
                THEN lower(wait_event_type)
            ELSE 'other' END AS class,
       CASE WHEN wait_event_type IS NULL THEN '' ELSE concat(wait_event_type, ':', wait_event) END AS event,
       coalesce(CAST(queryid AS VARCHAR), '') AS statement,
       coalesce(role_names.name, CAST(userid AS VARCHAR), '') AS role,
       coalesce(application, '') AS application,
       coalesce(database_names.name, CAST(dbid AS VARCHAR), '') AS database,
       coalesce(client, '') AS client,
       coalesce(state, '') AS state
FROM {sessions} AS sessions
LEFT JOIN role_names USING (target, incarnation, userid)
LEFT JOIN database_names USING (target, incarnation, dbid)
WHERE target = $target AND backend_type IS DISTINCT FROM 'walsender' AND application IS DISTINCT FROM 'pgvigil'
  AND ($class IS NULL OR class = $class)
  AND ($event IS NULL OR event = $event)
  AND ($statement IS NULL OR statement = $statement)
  AND ($user IS NULL OR role = $user)
  AND ($application IS NULL OR coalesce(application, '') = $application)
  AND ($database IS NULL OR database = $database)
  AND ($client IS NULL OR coalesce(client, '') = $client)
  AND ($state IS NULL OR coalesce(state, '') = $state)
