-- What the probes took that went well, dearest first.
SELECT probe, CAST(sum(runs) AS BIGINT), sum(elapsed_ms) / sum(runs), max(elapsed_ms_max)
FROM passes WHERE outcome = 'ok' AND probe <> 'sessions' GROUP BY probe ORDER BY sum(elapsed_ms) DESC
