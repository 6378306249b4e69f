-- Indexes in whose schema, name, table or database every word is, as they were read last; the largest first.
WITH known AS (
    SELECT dbid, indexid, arg_max(incarnation, ts) AS incarnation, arg_max(relpages, ts) AS pages,
           arg_max(is_valid, ts) AS valid, max(ts) AS last
    FROM {indexes}
    WHERE target = $target
    GROUP BY ALL
), named AS (
    SELECT known.*, index_names.schema, index_names.name, relation_names.name AS tablename,
           database_names.name AS database,
           lower(concat_ws(' ', index_names.schema || '.' || index_names.name, relation_names.name, database_names.name))
               AS told
    FROM known
    JOIN index_names
        ON index_names.target = $target AND index_names.incarnation = known.incarnation
        AND index_names.dbid = known.dbid AND index_names.indexid = known.indexid
    LEFT JOIN relation_names
        ON relation_names.target = $target AND relation_names.incarnation = known.incarnation
        AND relation_names.dbid = known.dbid AND relation_names.relid = index_names.relid
    LEFT JOIN database_names
        ON database_names.target = $target AND database_names.incarnation = known.incarnation
        AND database_names.dbid = known.dbid
)
SELECT dbid, indexid, database, schema, name, tablename, pages * 8192, valid, epoch_us(last), count(*) OVER ()
FROM named
WHERE list_bool_and(list_transform(from_json($words, '["VARCHAR"]'), word -> contains(told, lower(word))))
ORDER BY pages DESC NULLS LAST, schema, name, dbid, indexid
LIMIT $limit
