-- Waits of a second and longer by the head of their chain: those that follow one another within five seconds are one
-- incident. A head that is not known (a circle of waiters) is -1.
WITH long AS (
    SELECT *, coalesce(root, -1) AS head, epoch_us(wait_began) AS begun, epoch_us(seen) AS until
    FROM {locks}
    WHERE target = $target AND wait_began IS NOT NULL
), ordered AS (
    SELECT *, max(until) OVER (
        PARTITION BY incarnation, head ORDER BY begun, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS before
    FROM long
), numbered AS (
    SELECT *, sum(CASE WHEN before IS NULL OR begun > before + 5000000 THEN 1 ELSE 0 END) OVER (
        PARTITION BY incarnation, head ORDER BY begun, until ROWS UNBOUNDED PRECEDING
    ) AS number
    FROM ordered
), incidents AS (
    SELECT incarnation, head, min(begun) AS since, max(until) AS until, max(depth) AS depth,
           count(DISTINCT (waiter, started)) AS sessions, count(DISTINCT coalesce(CAST(queryid AS VARCHAR), text)) AS statements, sum(lost) AS lost,
           max(waited) AS longest, mode(queryid) AS queryid, mode(text) AS told, mode(locktype) AS locktype,
           mode(struct_pack(dbid := dbid, relid := relid)) FILTER (relid IS NOT NULL) AS place,
           max(prepared) FILTER (blocker = head) AS prepared,
           arg_max(blocker_userid, ts) FILTER (blocker = head) AS userid,
           arg_max(blocker_application, ts) FILTER (blocker = head) AS application,
           arg_max(blocker_state, ts) FILTER (blocker = head) AS state,
           arg_max(blocker_queryid, ts) FILTER (blocker = head) AS head_queryid,
           max(blocker_xact_age) FILTER (blocker = head) AS xact_age
    FROM numbered
    GROUP BY incarnation, head, number
), listed AS (
    SELECT *, count(*) OVER () AS incidents FROM incidents ORDER BY since DESC, head LIMIT $most
), mentioned AS (
    SELECT queryid FROM listed UNION SELECT head_queryid FROM listed
), texts AS (
    {words}
)
SELECT listed.since, listed.until, listed.head, listed.prepared, role_names.name AS role, listed.application,
       listed.state, listed.head_queryid, other.text AS head_text, listed.xact_age, listed.depth, listed.sessions,
       listed.statements, listed.queryid, coalesce(mine.text, listed.told) AS text, listed.locktype, relation_names.schema AS schema,
       relation_names.name AS relation, listed.lost, listed.longest, listed.incidents
FROM listed
LEFT JOIN role_names
    ON role_names.target = $target AND role_names.incarnation = listed.incarnation
    AND role_names.userid = listed.userid
LEFT JOIN relation_names
    ON relation_names.target = $target AND relation_names.incarnation = listed.incarnation
    AND relation_names.dbid = listed.place.dbid AND relation_names.relid = listed.place.relid
LEFT JOIN texts AS mine ON mine.queryid = listed.queryid
LEFT JOIN texts AS other ON other.queryid = listed.head_queryid
ORDER BY listed.since DESC, listed.head
