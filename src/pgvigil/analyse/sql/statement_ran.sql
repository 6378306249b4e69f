-- Whether anything of a statement is kept.
SELECT 1
FROM {statements}
WHERE target = $target AND queryid IS NOT DISTINCT FROM $queryid AND userid = $userid AND dbid = $dbid
  AND toplevel = $toplevel AND incarnation = $incarnation
LIMIT 1
