INSERT INTO {table} ({columns})
SELECT {rows}
FROM (SELECT *, {bucket} AS bucket FROM {source} WHERE {where}) AS fact
LEFT JOIN ({cover}) AS cover USING {cover_key}
GROUP BY {groups}
ORDER BY {order}
