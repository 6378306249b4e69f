-- Bytes of temporary files by statement and second.
WITH known AS (
    SELECT sum(secs) AS secs FROM {passes}
    WHERE target = $target AND probe = 'statements' AND outcome = 'ok' AND ts > make_timestamp($since)
), spilt AS (
    SELECT queryid, incarnation, userid, sum(temp_blks_written) * 8192 AS bytes, sum(calls) AS calls
    FROM {statements}
    WHERE target = $target AND toplevel AND ts > make_timestamp($since)
    GROUP BY ALL
    HAVING sum(temp_blks_written) > 0
)
SELECT 'statement ' || spilt.queryid || ' of ' || spilt.userid AS key, spilt.bytes / nullif(known.secs, 0) AS value,
       spilt.calls, queries.text AS statement, role_names.name AS role, spilt.queryid
FROM spilt CROSS JOIN known
LEFT JOIN queries
    ON queries.target = $target AND queries.incarnation = spilt.incarnation AND queries.queryid = spilt.queryid
LEFT JOIN role_names
    ON role_names.target = $target AND role_names.incarnation = spilt.incarnation AND role_names.userid = spilt.userid
