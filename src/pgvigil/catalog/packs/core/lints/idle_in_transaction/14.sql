select
    'idle in transaction ' || a.pid as key,
    case when idle.seconds >= 1800 then 'critical' else 'warning' end as severity,
    coalesce(a.application_name, '') as subject,
    format('Session %s has been idle in its transaction for %s s.', a.pid, round(idle.seconds)) as detail,
    format('select pg_terminate_backend(%s);', a.pid) as remedy
from pg_stat_get_activity(null) a
cross join lateral (select extract(epoch from clock_timestamp() - a.state_change) as seconds) idle
where a.state like 'idle in transaction%' and idle.seconds >= 300
order by idle.seconds desc
limit 20
