SELECT {bucket} AS bucket, target, incarnation, probe, outcome, sum(secs) AS secs
FROM passes_1m
WHERE outcome = 'ok' AND {where}
GROUP BY ALL
