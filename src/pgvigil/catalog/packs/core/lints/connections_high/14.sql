-- Slots that ordinary roles can take: reserved_connections came with 16.
select
    'connections' as key,
    case when share >= 0.92 then 'critical' else 'warning' end as severity,
    null::text as subject,
    format('%s of %s connections are in use (%s %%).', used, room, round(100 * share)) as detail,
    null::text as remedy
from (
    select used, room, used / room::numeric as share
    from (
        select
            (select count(*) from pg_stat_get_activity(null) a where a.backend_type = 'client backend') as used,
            current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
                - coalesce(current_setting('reserved_connections', true), '0')::int as room
    ) counted
) shared
where share >= 0.80
