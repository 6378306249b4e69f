-- The identifier is whatever the client chose and may hold data, so only its number and owner are told.
select
    'prepared ' || p.transaction::text as key,
    'warning' as severity,
    p.database::text as subject,
    format('Transaction %s, prepared by %s, is %s s old.', p.transaction, p.owner,
        round(extract(epoch from clock_timestamp() - p.prepared))) as detail,
    'select gid, prepared, owner from pg_prepared_xacts;' as remedy
from pg_prepared_xacts p
where p.prepared < clock_timestamp() - interval '10 minutes'
order by p.prepared
limit 20
