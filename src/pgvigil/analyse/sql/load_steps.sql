-- Sessions seen by step and slice of one dimension, over the samples taken in the step. The slices after the largest are
-- one, without a name. A step in which samples were taken has a row; one without is unknown.
WITH taken AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step, sum(samples) AS taken
    FROM {passes}
    WHERE target = $target AND probe = 'sessions' AND samples > 0
    GROUP BY ALL
), seen AS (
    {seen}
), by_moment AS (
    SELECT ts, {by} AS name, sum(samples) AS samples FROM seen GROUP BY ALL
), ranked AS (
    SELECT name, row_number() OVER (ORDER BY sum(samples) DESC, name) AS place FROM by_moment GROUP BY name
), cut AS (
    SELECT CAST(ceil((epoch_us(ts) - $origin) / $step) AS INTEGER) AS step,
           CASE WHEN place <= $most THEN place END AS place, CASE WHEN place <= $most THEN name END AS name,
           sum(samples) AS samples
    FROM by_moment JOIN ranked USING (name)
    GROUP BY ALL
)
SELECT taken.step, taken.taken, cut.place, cut.name, coalesce(cut.samples, 0)
FROM taken LEFT JOIN cut USING (step)
ORDER BY cut.place NULLS LAST, taken.step
