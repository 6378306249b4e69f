-- Those who wait for nobody and whom somebody waits for, by all who wait behind them, directly or through others, as the
-- locks were when they were read last. Once nobody waits any more, that is a reading too, without rows.
WITH latest AS (
    SELECT * FROM {locks}
    WHERE target = $target AND ts > make_timestamp($since) AND ts = (
        SELECT max(ts) FROM {passes} WHERE target = $target AND probe = 'locks' AND outcome = 'ok'
    )
), behind AS (
    SELECT root, count(DISTINCT waiter) AS waiters, max(waited) AS waited, max(incarnation) AS incarnation,
           any_value(dbid) AS dbid, mode(relid) AS relid
    FROM latest WHERE root IS NOT NULL GROUP BY root
), roots AS (
    SELECT blocker AS root, any_value(blocker_userid) AS userid, any_value(blocker_application) AS application,
           any_value(blocker_state) AS state, any_value(blocker_queryid) AS queryid,
           max(blocker_xact_age) AS xact_age
    FROM latest GROUP BY blocker
), load AS (
    SELECT sum(samples) FILTER (WHERE wait_event_type = 'Lock') / nullif(sum(samples), 0) AS share
    FROM {sessions}
    WHERE target = $target AND state = 'active' AND ts > make_timestamp($since)
)
SELECT 'pid ' || behind.root AS key, coalesce(behind.waited, 0) AS value, behind.waiters, behind.root AS pid,
       CASE WHEN behind.root = 0 THEN 'A prepared transaction'
            ELSE 'pid ' || behind.root || coalesce(' (`' || coalesce(roots.application, role_names.name) || '`)', '') END
           AS who,
       CASE WHEN behind.root = 0 THEN 'waits for its second half'
            WHEN roots.state LIKE 'idle%' THEN 'sits idle' ELSE 'works' END AS doing,
       roots.application, role_names.name AS role, roots.state, roots.queryid, roots.xact_age,
       relation_names.name AS tablename, load.share
FROM behind
LEFT JOIN roots USING (root)
CROSS JOIN load
LEFT JOIN role_names
    ON role_names.target = $target AND role_names.incarnation = behind.incarnation AND role_names.userid = roots.userid
LEFT JOIN relation_names
    ON relation_names.target = $target AND relation_names.incarnation = behind.incarnation
    AND relation_names.dbid = behind.dbid AND relation_names.relid = behind.relid
