-- The rows of some hours once more, at later moments, in the order in which upkeep leaves them. The moments stand as
-- constants, by which the engine leaves out what it need not read.
INSERT INTO "{table}" (ts, {columns})
SELECT moment_, {columns}
FROM (
    SELECT fact.*, pair.hour_, fact.ts + to_microseconds(pair.hour_ - pair.source_) AS moment_
    FROM (SELECT unnest($sources::BIGINT[]) AS source_, unnest($hours::BIGINT[]) AS hour_) AS pair
    JOIN (
        SELECT *, epoch_us(date_trunc('hour', ts - INTERVAL 1 MICROSECOND)) + 3600000000 AS from_
        FROM "{table}" WHERE ts > make_timestamp({since}) AND ts <= make_timestamp({until})
    ) AS fact ON fact.from_ = pair.source_
)
{order}
