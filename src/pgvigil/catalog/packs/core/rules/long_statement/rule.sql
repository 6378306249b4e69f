-- Statements of clients that run, as they were read last; those that wait for a lock are another rule's.
WITH latest AS (
    SELECT t.* FROM {transactions} t
    WHERE t.target = $target AND t.ts = (SELECT max(ts) FROM {passes} WHERE target = $target AND probe = 'transactions' AND outcome = 'ok')
      AND t.ts > make_timestamp($since) AND t.state = 'active' AND t.backend_type = 'client backend'
      AND t.wait_event_type IS DISTINCT FROM 'Lock' AND t.application IS DISTINCT FROM 'pg_dump'
), load AS (
    SELECT queryid, sum(samples) AS samples, sum(sum(samples)) OVER () AS all_samples
    FROM {sessions}
    WHERE target = $target AND state = 'active' AND ts > make_timestamp($since)
    GROUP BY queryid
)
SELECT 'pid ' || t.pid AS key, t.state_age AS value, t.pid, t.application, role_names.name AS role, t.queryid,
       coalesce('`' || coalesce(t.application, role_names.name) || '`', 'pid ' || t.pid) AS who,
       coalesce(queries.text, t.text) AS statement,
       CASE WHEN t.wait_event_type IS NULL THEN 'computes' ELSE 'waits for ' || t.wait_event_type || ' ' || t.wait_event END
           AS doing,
       load.samples / nullif(load.all_samples, 0) AS share
FROM latest t
LEFT JOIN load ON load.queryid = t.queryid
LEFT JOIN role_names
    ON role_names.target = t.target AND role_names.incarnation = t.incarnation AND role_names.userid = t.userid
LEFT JOIN queries
    ON queries.target = t.target AND queries.incarnation = t.incarnation AND queries.queryid = t.queryid
