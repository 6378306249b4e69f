-- Tables in whose schema, name or database every word is, as they were read last; the largest first.
WITH known AS (
    SELECT dbid, relid, arg_max(incarnation, ts) AS incarnation, arg_max(relpages, ts) AS pages,
           arg_max(n_live_tup, ts) AS living, max(ts) AS last,
           greatest(arg_max(last_vacuum, ts), arg_max(last_autovacuum, ts)) AS vacuumed
    FROM {tables}
    WHERE target = $target
    GROUP BY ALL
), named AS (
    SELECT known.*, relation_names.schema, relation_names.name, relation_names.relkind, database_names.name AS database,
           lower(concat_ws(' ', relation_names.schema || '.' || relation_names.name, database_names.name)) AS told
    FROM known
    JOIN relation_names
        ON relation_names.target = $target AND relation_names.incarnation = known.incarnation
        AND relation_names.dbid = known.dbid AND relation_names.relid = known.relid
    LEFT JOIN database_names
        ON database_names.target = $target AND database_names.incarnation = known.incarnation
        AND database_names.dbid = known.dbid
)
SELECT dbid, relid, database, schema, name, relkind, pages * 8192, living, epoch_us(vacuumed), epoch_us(last), count(*) OVER ()
FROM named
WHERE list_bool_and(list_transform(from_json($words, '["VARCHAR"]'), word -> contains(told, lower(word))))
ORDER BY pages DESC NULLS LAST, schema, name, dbid, relid
LIMIT $limit
