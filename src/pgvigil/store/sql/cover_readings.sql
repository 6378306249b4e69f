-- Intervals may overlap: a probe that visits databases one after the other covers the same time once per database.
SELECT bucket, target, incarnation, probe, outcome, sum(greatest(0, ended - greatest(began, before))) / 1e6 AS secs
FROM (
    SELECT *, coalesce(max(ended) OVER (
        PARTITION BY bucket, target, incarnation, probe ORDER BY began, ended
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), began) AS before
    FROM (
        SELECT {bucket} AS bucket, target, incarnation, probe, outcome,
               epoch_us(ts) AS ended, epoch_us(ts) - CAST(secs * 1e6 AS BIGINT) AS began
        FROM {passes}
        WHERE outcome = 'ok' AND secs IS NOT NULL AND {where}
    )
)
GROUP BY ALL
