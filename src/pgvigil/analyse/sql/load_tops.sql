-- The largest slices of every dimension with their wait classes; those after them are one, without a name, whose number
-- is told with it. Statements with their texts.
WITH seen AS (
    {seen}
), together AS (
    SELECT class, event, statement, role, application, database, client, state, sum(samples) AS samples
    FROM seen
    GROUP BY ALL
), parts AS (
    SELECT part.dimension, part.name, class, samples
    FROM together, LATERAL (VALUES
        ('class', class), ('event', event), ('statement', statement), ('user', role), ('application', application),
        ('database', database), ('client', client), ('state', state)
    ) AS part(dimension, name)
), ranked AS (
    SELECT dimension, name,
           row_number() OVER (PARTITION BY dimension ORDER BY sum(samples) DESC, name) AS place
    FROM parts
    GROUP BY dimension, name
), cut AS (
    SELECT dimension, class, sum(samples) AS samples,
           CASE WHEN place <= $most THEN place END AS place, CASE WHEN place <= $most THEN name END AS name,
           count(DISTINCT name) AS names
    FROM parts JOIN ranked USING (dimension, name)
    GROUP BY ALL
), mentioned AS (
    SELECT DISTINCT try_cast(name AS BIGINT) AS queryid FROM cut WHERE dimension = 'statement' AND name <> ''
), texts AS (
    {words}
)
SELECT cut.dimension, cut.place, cut.name, cut.class, CAST(cut.samples AS BIGINT),
       (SELECT count(*) FROM ranked WHERE ranked.dimension = cut.dimension) AS names,
       CASE WHEN cut.dimension = 'statement' THEN texts.text END AS text
FROM cut LEFT JOIN texts ON CAST(texts.queryid AS VARCHAR) = cut.name
ORDER BY cut.dimension, cut.place NULLS LAST, cut.class
