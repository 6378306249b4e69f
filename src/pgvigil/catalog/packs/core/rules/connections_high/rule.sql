-- Client connections of the latest reading over the slots that ordinary roles may take, and who has most of them.
WITH latest AS (
    SELECT c.* FROM {connections} c
    WHERE c.target = $target AND c.ts = (SELECT max(ts) FROM {connections} WHERE target = $target)
      AND c.ts > make_timestamp($since) AND c.backend_type = 'client backend'
), limits AS (
    SELECT sum(connections) AS taken, max(max_connections) - max(reserved_connections) AS room FROM latest
), most AS (
    SELECT coalesce(latest.application, role_names.name) AS name, sum(latest.connections) AS theirs,
           arg_max(latest.state, latest.connections) AS state
    FROM latest
    LEFT JOIN role_names
        ON role_names.target = latest.target AND role_names.incarnation = latest.incarnation
        AND role_names.userid = latest.userid
    GROUP BY ALL
    ORDER BY theirs DESC, name
    LIMIT 1
)
SELECT 'connections' AS key, limits.taken / nullif(limits.room, 0) AS value, limits.taken, limits.room,
       '`' || most.name || '`' AS who, most.theirs, most.state
FROM limits CROSS JOIN most
WHERE limits.room > 0
