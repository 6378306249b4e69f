-- The function, not the view, as in sessions. The hundred oldest: whoever has more has read enough.
select
    a.pid,
    a.datid as dbid,
    a.usesysid as userid,
    nullif(a.application_name, '') as application,
    host(a.client_addr) as client,
    a.backend_type,
    a.state,
    a.wait_event_type,
    a.wait_event,
    a.query_id as queryid,
    a.query as text,
    extract(epoch from clock_timestamp() - a.xact_start)::float8 as xact_age,
    extract(epoch from clock_timestamp() - a.state_change)::float8 as state_age,
    age(a.backend_xmin) as xmin_age
from pg_stat_get_activity(null) a
where a.pid <> pg_backend_pid() and a.xact_start < clock_timestamp() - interval '5 s'
order by a.xact_start
limit 100
