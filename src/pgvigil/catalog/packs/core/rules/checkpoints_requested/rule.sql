-- Checkpoints that began on request, and the statement that wrote most of the log meanwhile.
WITH begun AS (
    SELECT sum(requested) AS requested FROM {checkpoints}
    WHERE target = $target AND ts > make_timestamp($since)
), written AS (
    SELECT queryid, incarnation, userid, sum(wal_bytes) AS bytes, sum(sum(wal_bytes)) OVER () AS all_bytes
    FROM {statements}
    WHERE target = $target AND toplevel AND ts > make_timestamp($since)
    GROUP BY ALL
    ORDER BY bytes DESC NULLS LAST, queryid
    LIMIT 1
)
SELECT 'checkpoints' AS key, begun.requested AS value, begun.requested, queries.text AS statement,
       role_names.name AS role, written.bytes / nullif(written.all_bytes, 0) AS share
FROM begun
LEFT JOIN written ON true
LEFT JOIN queries
    ON queries.target = $target AND queries.incarnation = written.incarnation AND queries.queryid = written.queryid
LEFT JOIN role_names
    ON role_names.target = $target AND role_names.incarnation = written.incarnation
    AND role_names.userid = written.userid
