-- Transaction ids and multixacts count separately; the worse one is told.
select
    'age ' || d.datname as key,
    case when worst.share >= 0.6 then 'critical' else 'warning' end as severity,
    d.datname::text as subject,
    format('Database %s has used %s %% of the %s.', d.datname, round((100 * worst.share)::numeric), worst.what) as detail,
    null::text as remedy
from pg_database d
cross join lateral (
    select share, what
    from (
        values (age(d.datfrozenxid) / 2147483648.0, 'transaction ids'),
            (mxid_age(d.datminmxid) / 2147483648.0, 'multixact ids')
    ) as counted (share, what)
    order by share desc
    limit 1
) worst
where worst.share >= 0.4
