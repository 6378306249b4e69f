-- Tables partitioned by ranges of one column of time, and how far their partitions reach. A bound is written by
-- pg_get_expr between quotes; with 0 in place of the table it opens none, for a bound refers to no column.
select
    (select d.oid from pg_database d where d.datname = current_database()) as dbid,
    p.partrelid as relid,
    count(*) as partitions,
    p.partdefid <> 0 as has_default,
    max(extract(epoch from b.lower)) filter (where b.upper = b.furthest)::float8 as last_from,
    max(extract(epoch from b.furthest))::float8 as last_to,
    extract(epoch from clock_timestamp())::float8 as now
from pg_partitioned_table p
join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
cross join lateral (
    select
        t.bounds[1]::timestamptz as lower,
        t.bounds[2]::timestamptz as upper,
        max(t.bounds[2]::timestamptz) over () as furthest
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    cross join lateral regexp_match(
        pg_get_expr(c.relpartbound, 0::oid), '^FOR VALUES FROM \(.(\d[^)]+).\) TO \(.(\d[^)]+).\)$'
    ) as t (bounds)
    where i.inhparent = p.partrelid and t.bounds is not null
) b
where p.partstrat = 'r' and p.partnatts = 1 and a.atttypid in ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)
group by p.partrelid, p.partdefid
