-- Not while one is being built: that one is invalid too, until it is done.
select
    'index ' || c.oid as key,
    'warning' as severity,
    format('%I.%I', n.nspname, c.relname) as subject,
    format('Index %I.%I is invalid.', n.nspname, c.relname) as detail,
    format('drop index concurrently %I.%I;', n.nspname, c.relname) as remedy
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_namespace n on n.oid = c.relnamespace
where not i.indisvalid
    and c.relkind = 'i'
    and not exists (select from pg_stat_progress_create_index p where p.index_relid = i.indexrelid)
order by 3
limit 50
