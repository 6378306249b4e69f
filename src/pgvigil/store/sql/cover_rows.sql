SELECT {bucket} AS bucket, target, incarnation, probe, outcome, sum(secs) AS secs
FROM {passes}
WHERE outcome = 'ok' AND {where}
GROUP BY ALL
