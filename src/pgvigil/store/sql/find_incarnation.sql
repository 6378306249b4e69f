-- A minor upgrade keeps OIDs and queryids; another major, cluster or timeline does not.
SELECT incarnation
FROM incarnations
WHERE target = $target
  AND version_num // 10000 = $version_num // 10000
  AND coalesce(system_identifier = $system_identifier, true)
  AND coalesce(timeline = $timeline, true)
ORDER BY incarnation DESC
LIMIT 1
