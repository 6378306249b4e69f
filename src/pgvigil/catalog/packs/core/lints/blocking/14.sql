-- pg_blocking_pids is asked only for those that wait.
select
    'blocking ' || waiting.pid as key,
    case when waiting.seconds >= 300 then 'critical' else 'warning' end as severity,
    coalesce(waiting.application_name, '') as subject,
    format(
        'Session %s has waited %s s for a lock that is held or wanted by session %s.',
        waiting.pid, round(waiting.seconds), array_to_string(pg_blocking_pids(waiting.pid), ', ')
    ) as detail,
    format('select pg_terminate_backend(%s);', (pg_blocking_pids(waiting.pid))[1]) as remedy
from (
    select a.pid, a.application_name, extract(epoch from clock_timestamp() - min(l.waitstart)) as seconds
    from pg_stat_get_activity(null) a
    join pg_locks l on l.pid = a.pid and not l.granted
    where a.wait_event_type = 'Lock'
    group by a.pid, a.application_name
) waiting
where waiting.seconds >= 60
order by waiting.seconds desc
limit 20
