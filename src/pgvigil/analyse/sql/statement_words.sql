-- Of the statements `mentioned` the first $letters letters of their texts. The server counts, and tells the text of, what
-- has ended; what still runs is told by its transaction.
SELECT queryid, coalesce(any_value(ended.text), any_value(running.text)) AS text
FROM mentioned
LEFT JOIN (
    SELECT queryid, arg_max(left(text, $letters), incarnation) AS text FROM queries WHERE target = $target GROUP BY ALL
) AS ended USING (queryid)
LEFT JOIN (
    SELECT queryid, arg_max(left(text, $letters), ts) AS text FROM {transactions} WHERE target = $target GROUP BY ALL
) AS running USING (queryid)
GROUP BY queryid
