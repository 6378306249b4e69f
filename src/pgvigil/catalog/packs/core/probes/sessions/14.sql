-- The function, not the view: the view's joins to pg_database and pg_authid cost as much again, and fail while one of
-- these is locked. Idle sessions are left to the probe connections; background processes that rest wait in Activity.
select
    a.datid as dbid,
    a.usesysid as userid,
    nullif(a.application_name, '') as application,
    host(a.client_addr) as client,
    a.backend_type,
    a.state,
    a.wait_event_type,
    a.wait_event,
    a.query_id as queryid,
    case when strpos(a.query, '/*') > 0 then substring(a.query from '/\*([^+*][^*]*)\*/') end as tags,
    extract(epoch from clock_timestamp() - a.xact_start)::float8 as xact_age,
    extract(epoch from clock_timestamp() - a.state_change)::float8 as state_age
from pg_stat_get_activity(null) a
where a.pid <> pg_backend_pid()
    and a.state is distinct from 'idle'
    and a.wait_event_type is distinct from 'Activity'
