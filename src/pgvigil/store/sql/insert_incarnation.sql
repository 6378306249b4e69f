INSERT INTO incarnations (target, incarnation, system_identifier, version_num, timeline, since)
SELECT $target, coalesce(max(incarnation), 0) + 1, $system_identifier, $version_num, $timeline, make_timestamp($now)
FROM incarnations
WHERE target = $target
RETURNING incarnation
