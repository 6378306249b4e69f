-- Clients only: vacuum, backups and replication have long transactions by nature. Idle ones have a lint of their own.
select
    'transaction ' || a.pid as key,
    case when open.seconds >= 3600 then 'critical' else 'warning' end as severity,
    coalesce(a.application_name, '') as subject,
    format('Session %s has had its transaction open for %s s (state %s).', a.pid, round(open.seconds), a.state) as detail,
    format('select pg_cancel_backend(%s);', a.pid) as remedy
from pg_stat_get_activity(null) a
cross join lateral (select extract(epoch from clock_timestamp() - a.xact_start) as seconds) open
where a.backend_type = 'client backend' and a.state = 'active' and open.seconds >= 900
    and coalesce(a.application_name, '') <> 'pg_dump'
order by open.seconds desc
limit 20
