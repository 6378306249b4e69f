-- Settings in whose name every word is, as they were read last.
WITH known AS (
    SELECT name, arg_max(value, ts) AS value, arg_max(unit, ts) AS unit, arg_max(source, ts) AS source,
           arg_max(pending_restart, ts) AS pending_restart, max(ts) AS last
    FROM {settings}
    WHERE target = $target
    GROUP BY name
)
SELECT name, value, unit, source, pending_restart, epoch_us(last), count(*) OVER ()
FROM known
WHERE list_bool_and(list_transform(from_json($words, '["VARCHAR"]'), word -> contains(lower(name), lower(word))))
ORDER BY length(name), name
LIMIT $limit
