-- The share of transactions that are rolled back beyond those of the hour before, by database, where that is one a second
-- and more: our own looks end in a rollback each, always as many. And whose sessions were seen in a failed transaction.
WITH ended AS (
    SELECT dbid, incarnation, sum(xact_rollback) AS undone, sum(xact_commit + xact_rollback) AS ended, sum(secs) AS secs
    FROM {databases}
    WHERE target = $target AND ts > make_timestamp($since)
    GROUP BY ALL
), before AS (
    SELECT dbid, incarnation, sum(xact_rollback) / nullif(sum(secs), 0) AS usual
    FROM {databases_before}
    WHERE target = $target
    GROUP BY ALL
    HAVING sum(secs) >= 60
), failing AS (
    SELECT dbid, incarnation, coalesce(application, 'unknown') AS application
    FROM {sessions}
    WHERE target = $target AND state = 'idle in transaction (aborted)' AND ts > make_timestamp($since)
    GROUP BY dbid, incarnation, application
    QUALIFY row_number() OVER (PARTITION BY dbid, incarnation ORDER BY sum(samples) DESC) = 1
)
SELECT 'database ' || ended.dbid AS key, (ended.undone / ended.secs - before.usual) / (ended.ended / ended.secs) AS value,
       ended.undone / ended.secs - before.usual AS rate, database_names.name AS database,
       '`' || failing.application || '`' AS who
FROM ended
JOIN before ON before.dbid = ended.dbid AND before.incarnation = ended.incarnation
LEFT JOIN failing ON failing.dbid = ended.dbid AND failing.incarnation = ended.incarnation
LEFT JOIN database_names
    ON database_names.target = $target AND database_names.incarnation = ended.incarnation
    AND database_names.dbid = ended.dbid
WHERE ended.ended > 0 AND ended.secs > 0 AND ended.undone / ended.secs - before.usual >= 1
