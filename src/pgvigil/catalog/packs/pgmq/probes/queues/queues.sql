-- The tables of the queues; those of an archive begin with a_. One that is partitioned holds no rows itself.
select c.relname::text as name
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'pgmq' and c.relkind = 'r' and starts_with(c.relname, 'q_')
order by c.relname
