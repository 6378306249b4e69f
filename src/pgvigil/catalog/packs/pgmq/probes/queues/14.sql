-- The oldest message is the one of the lowest number, found by the primary key; counting them all would read the queue.
select
    substr({object_name}::text, 3) as queue,
    t.relid,
    pg_stat_get_tuples_inserted(t.relid) as sent,
    pg_stat_get_tuples_updated(t.relid) as updated,
    pg_stat_get_tuples_deleted(t.relid) as removed,
    pg_stat_get_live_tuples(t.relid) as depth,
    pg_stat_get_dead_tuples(t.relid) as dead,
    (
        select extract(epoch from clock_timestamp() - q.enqueued_at)::float8
        from pgmq.{object} q
        order by q.msg_id
        limit 1
    ) as oldest_age
from (
    select c.oid as relid
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'pgmq' and c.relname = {object_name}
) t
