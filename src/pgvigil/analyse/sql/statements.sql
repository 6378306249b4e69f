-- Every statement that ran in the span or in the one it is compared with, per user and database: what it did, its share
-- of the execution time of all, and how that changed. The filters that were asked for, sorted, a page of it.
WITH ran AS (
    SELECT queryid, userid, dbid, toplevel, incarnation,
           sum(calls) AS calls, sum(total_exec_time) / 1000 AS busy, sum("rows") AS returned,
           sum(sumsq_exec_time) AS squares,
           count(*) FILTER (WHERE sumsq_exec_time IS NULL AND calls > 0) AS squares_missing,
           sum(shared_blks_hit) AS hit, sum(shared_blks_read) AS read,
           sum(shared_blks_read + shared_blks_written + local_blks_read + local_blks_written
               + temp_blks_read + temp_blks_written) AS blocks_moved,
           sum(temp_blks_read + temp_blks_written) AS temp, sum(wal_bytes) AS wal,
           coalesce(sum(shared_blk_read_time), 0) + coalesce(sum(shared_blk_write_time), 0)
           + coalesce(sum(local_blk_read_time), 0) + coalesce(sum(local_blk_write_time), 0)
           + coalesce(sum(temp_blk_read_time), 0) + coalesce(sum(temp_blk_write_time), 0) AS io,
           sum(plans) AS plans, sum(total_plan_time) AS planning,
           bool_or(uncertain) AS uncertain
    FROM {statements} -- of the span alone: a second look at every ts costs a tenth of the query
    WHERE target = $target
    GROUP BY ALL
    HAVING sum(calls) > 0 OR sum(total_exec_time) > 0
), earlier AS (
    SELECT queryid, userid, dbid, toplevel, incarnation,
           sum(calls) AS calls_before, sum(total_exec_time) / 1000 AS busy_before
    FROM {statements_before}
    WHERE target = $target
    GROUP BY ALL
    HAVING sum(calls) > 0 OR sum(total_exec_time) > 0
), told AS (
    SELECT moved.*, queries.text, role_names.name AS user, database_names.name AS database,
           CAST($secs AS DOUBLE) AS secs, CAST($secs_before AS DOUBLE) AS secs_before,
           -- Numbers of roles, databases and statements hold within one incarnation of the server: what another one
           -- did before says nothing of whether this is new.
           list_contains(from_json($lives_before, '["INTEGER"]'), moved.incarnation) AS was_watched,
           {kind} AS kind,
           -- Statements within functions are part of the time of the one that called them.
           sum(busy) FILTER (WHERE toplevel) OVER () AS busy_of_all,
           -- Without track_io_timing every time is 0, although blocks were read or written.
           sum(io) OVER () > 0 OR sum(blocks_moved) OVER () = 0 AS io_timed
    FROM (SELECT * FROM ran FULL JOIN earlier USING (queryid, userid, dbid, toplevel, incarnation)) AS moved
    LEFT JOIN queries
        ON queries.target = $target AND queries.incarnation = moved.incarnation AND queries.queryid = moved.queryid
    LEFT JOIN role_names
        ON role_names.target = $target AND role_names.incarnation = moved.incarnation
        AND role_names.userid = moved.userid
    LEFT JOIN database_names
        ON database_names.target = $target AND database_names.incarnation = moved.incarnation
        AND database_names.dbid = moved.dbid
), counted AS (
    SELECT *, 1000 * busy / nullif(calls, 0) AS mean_ms,
           CASE WHEN squares_missing = 0 THEN squares / nullif(calls, 0) - (1000 * busy / nullif(calls, 0)) ** 2 END
               AS variance,
           coalesce(busy, 0) / nullif(secs, 0) AS load,
           coalesce(calls, 0) / nullif(secs, 0) AS calls_per_s,
           CASE WHEN was_watched THEN coalesce(busy_before, 0) / nullif(secs_before, 0) END AS load_before,
           CASE WHEN was_watched THEN coalesce(calls_before, 0) / nullif(secs_before, 0) END AS calls_per_s_before,
           CASE WHEN was_watched THEN 1000 * busy_before / nullif(calls_before, 0) END AS mean_ms_before
    FROM told
), shown AS (
    SELECT queryid, userid, dbid, toplevel, incarnation, "user", database, kind,
           left(text, CAST($letters AS BIGINT)) AS text, length(text) > $letters AS cut,
           CAST(coalesce(calls, 0) AS BIGINT) AS calls, calls_per_s, mean_ms,
           -- Next to nothing is what floating point leaves of no deviation; less than that, squares are missing.
           CASE WHEN variance > 1e-12 * mean_ms ** 2 THEN sqrt(variance)
                WHEN variance >= -1e-6 * mean_ms ** 2 THEN 0 END AS stddev_ms,
           returned / nullif(calls, 0) AS rows_per_call,
           hit / nullif(calls, 0) AS hit_per_call, read / nullif(calls, 0) AS read_per_call,
           hit / nullif(hit + read, 0) AS cache_hit,
           temp * CAST($block_size AS BIGINT) / nullif(secs, 0) AS temp_bytes_per_s, wal / nullif(secs, 0) AS wal_bytes_per_s,
           CASE WHEN io_timed THEN io / nullif(1000 * busy, 0) END AS io_share,
           planning / nullif(plans, 0) AS plan_ms,
           load, busy / nullif(busy_of_all, 0) AS share,
           load_before, calls_per_s_before, mean_ms_before,
           load - load_before AS load_change, calls_per_s - calls_per_s_before AS calls_change,
           mean_ms - mean_ms_before AS mean_change,
           CASE WHEN was_watched THEN calls_before IS NULL AND busy_before IS NULL END AS is_new,
           coalesce(uncertain, false) AS uncertain
    FROM counted
    WHERE (calls IS NOT NULL OR NOT $moved)
      AND ($kind IS NULL OR kind = $kind)
      -- Whoever has no name is told by number in the groups, and found by it.
      AND ($user IS NULL OR coalesce("user", CAST(userid AS VARCHAR)) = $user)
      AND ($database IS NULL OR coalesce(database, CAST(dbid AS VARCHAR)) = $database)
      AND ($queryid IS NULL OR queryid = $queryid)
      AND len(list_filter(
          from_json($words, '["VARCHAR"]'),
          word -> NOT (contains(lower(coalesce(text, '')), word) OR word = coalesce(CAST(queryid AS VARCHAR), ''))
      )) = 0
)
SELECT *, sum(share) FILTER (WHERE toplevel) OVER () AS covered, count(*) OVER () AS total
FROM shown
ORDER BY {order} NULLS LAST, queryid, userid, dbid, toplevel, incarnation
LIMIT $limit OFFSET $offset
