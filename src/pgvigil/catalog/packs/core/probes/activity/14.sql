-- The function, not the view, as in sessions. Those that do something first, then those with the oldest transactions;
-- idle ones without their last statement.
select
    a.pid,
    a.leader_pid as leader,
    a.datid as dbid,
    a.usesysid as userid,
    nullif(a.application_name, '') as application,
    host(a.client_addr) as client,
    a.backend_type,
    a.state,
    a.wait_event_type,
    a.wait_event,
    a.query_id as queryid,
    case when a.state <> 'idle' then a.query end as text,
    extract(epoch from clock_timestamp() - a.backend_start)::float8 as age,
    extract(epoch from clock_timestamp() - a.xact_start)::float8 as xact_age,
    extract(epoch from clock_timestamp() - a.state_change)::float8 as state_age,
    count(*) over () as sessions
from pg_stat_get_activity(null) a
where a.pid <> pg_backend_pid()
order by
    a.state in ('idle', 'disabled') or a.state is null or a.wait_event_type = 'Activity',
    a.xact_start nulls last,
    a.state_change,
    a.pid
limit 500
