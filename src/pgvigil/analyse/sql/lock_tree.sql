-- Who waited behind whom at the latest reading of a span, with names and texts: a row for each edge. A reading in which
-- nobody waited has none.
WITH latest AS (
    SELECT max(ts) AS ts FROM {passes} WHERE target = $target AND probe = 'locks' AND outcome = 'ok'
), edges AS (
    SELECT * FROM {locks} WHERE target = $target AND ts = (SELECT ts FROM latest)
), mentioned AS (
    SELECT queryid FROM edges UNION SELECT blocker_queryid FROM edges
), texts AS (
    {words}
)
SELECT epoch_us(edges.ts) AS ts, waiter, epoch_us(started) AS started, blocker,
       epoch_us(blocker_started) AS blocker_started, prepared, root, how, locktype, mode, transaction, depth, waited,
       relation_names.schema AS schema, relation_names.name AS relation, edges.relid, database_names.name AS database,
       waits.name AS role, application, edges.queryid, coalesce(mine.text, edges.text) AS text,
       holds.name AS blocker_role, blocker_application, blocker_state, blocker_queryid, other.text AS blocker_text,
       blocker_xact_age, blocker_state_age
FROM edges
LEFT JOIN relation_names USING (target, incarnation, dbid, relid)
LEFT JOIN database_names USING (target, incarnation, dbid)
LEFT JOIN role_names AS waits USING (target, incarnation, userid)
LEFT JOIN role_names AS holds
    ON holds.target = edges.target AND holds.incarnation = edges.incarnation AND holds.userid = edges.blocker_userid
LEFT JOIN texts AS mine ON mine.queryid = edges.queryid
LEFT JOIN texts AS other ON other.queryid = edges.blocker_queryid
ORDER BY waiter, blocker_xact_age DESC NULLS FIRST, blocker
