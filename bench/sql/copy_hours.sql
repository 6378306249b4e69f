-- The rows of some hours once more, at later moments, in the order in which upkeep leaves them. The moments stand as
-- constants, by which the engine leaves out what it need not read.
INSERT INTO "{table}" (ts, {columns})
SELECT moment, {columns}
FROM (
    SELECT fact.* EXCLUDE (ts, source), pair.hour, fact.ts + to_microseconds(pair.hour - pair.source) AS moment,
           fact.ts + to_microseconds(pair.hour - pair.source) AS ts
    FROM (SELECT unnest($sources::BIGINT[]) AS source, unnest($hours::BIGINT[]) AS hour) AS pair
    JOIN (
        SELECT *, epoch_us(date_trunc('hour', ts - INTERVAL 1 MICROSECOND)) + 3600000000 AS source
        FROM "{table}" WHERE ts > make_timestamp({since}) AND ts <= make_timestamp({until})
    ) AS fact ON fact.source = pair.source
)
{order}
