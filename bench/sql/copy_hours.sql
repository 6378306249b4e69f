-- The rows of some hours once more, at later moments, in the order in which upkeep leaves them.
INSERT INTO "{table}" (ts, {columns})
SELECT moment, {columns}
FROM (
    SELECT fact.* EXCLUDE (ts), pair.hour, fact.ts + to_microseconds(pair.hour - pair.source) AS moment,
           fact.ts + to_microseconds(pair.hour - pair.source) AS ts
    FROM (SELECT unnest($sources::BIGINT[]) AS source, unnest($hours::BIGINT[]) AS hour) AS pair
    JOIN "{table}" AS fact
        ON fact.ts > make_timestamp(pair.source - 3600000000) AND fact.ts <= make_timestamp(pair.source)
)
{order}
