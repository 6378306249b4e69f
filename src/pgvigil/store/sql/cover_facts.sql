SELECT ts::TIMESTAMP AS bucket, target, incarnation, max(secs) AS secs
FROM {passes}
WHERE probe = {probe} AND outcome = 'ok' AND {where}
GROUP BY ALL
