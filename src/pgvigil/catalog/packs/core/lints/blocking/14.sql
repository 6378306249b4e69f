-- pg_blocking_pids is asked only for those that wait, and once: it tells of a prepared transaction as 0, and of nobody
-- where the lock was given meanwhile.
select
    'blocking ' || chain.pid as key,
    case when chain.seconds >= 300 then 'critical' else 'warning' end as severity,
    coalesce(chain.application_name, '') as subject,
    format(
        'Session %s has waited %s s for a lock that is held or wanted by %s.',
        chain.pid,
        round(chain.seconds),
        concat_ws(
            ' and ',
            'session ' || nullif(array_to_string(array_remove(chain.blockers, 0), ', '), ''),
            case when 0 = any (chain.blockers) then 'a prepared transaction' end
        )
    ) as detail,
    case
        when chain.blockers[1] > 0 then format('select pg_terminate_backend(%s);', chain.blockers[1])
        else 'select gid, prepared, owner, database from pg_prepared_xacts order by prepared;'
    end as remedy
from (
    select longest.*, pg_blocking_pids(longest.pid) as blockers
    from (
        select waiting.*
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
    ) longest
) chain
where cardinality(chain.blockers) > 0
order by chain.seconds desc
