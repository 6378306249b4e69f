-- Statements whose mean time per call rose against the hour before, where they are a part of the load worth speaking of.
-- One that was called less than five times before has no before.
WITH now AS (
    SELECT queryid, incarnation, userid, sum(calls) AS calls, sum(total_exec_time) AS busy,
           sum(shared_blks_hit + shared_blks_read) AS blocks, sum(sum(total_exec_time)) OVER () AS all_busy
    FROM {statements}
    WHERE target = $target AND toplevel AND ts > make_timestamp($since)
    GROUP BY ALL
), much AS (
    -- Most statements are none: so the hour before is added up for these alone.
    SELECT * FROM now WHERE calls >= 3 AND busy / nullif(all_busy, 0) >= 0.05
), before AS (
    SELECT queryid, incarnation, userid, sum(calls) AS calls, sum(total_exec_time) AS busy,
           sum(shared_blks_hit + shared_blks_read) AS blocks
    FROM {statements_before}
    WHERE target = $target AND toplevel AND queryid IN (SELECT queryid FROM much)
    GROUP BY ALL
    HAVING sum(calls) >= 5 AND sum(total_exec_time) > 0
)
SELECT 'statement ' || now.queryid || ' of ' || now.userid AS key,
       now.busy / now.calls / (before.busy / before.calls) AS value, now.busy / now.all_busy AS share,
       round(now.busy / now.calls, 2) AS mean_ms, round(before.busy / before.calls, 2) AS before_ms,
       round(now.blocks / now.calls) AS blocks, round(before.blocks / before.calls) AS before_blocks,
       queries.text AS statement, role_names.name AS role, now.queryid
FROM much AS now
JOIN before ON before.queryid = now.queryid AND before.incarnation = now.incarnation AND before.userid = now.userid
LEFT JOIN queries
    ON queries.target = $target AND queries.incarnation = now.incarnation AND queries.queryid = now.queryid
LEFT JOIN role_names
    ON role_names.target = $target AND role_names.incarnation = now.incarnation AND role_names.userid = now.userid
