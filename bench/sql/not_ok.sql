-- What did not go well. What cannot be seen is no failure.
SELECT probe, outcome, CAST(sum(runs) AS BIGINT), any_value(reason)
FROM passes WHERE outcome NOT IN ('ok', 'invisible') GROUP BY probe, outcome ORDER BY 3 DESC
