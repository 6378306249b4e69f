-- Clients, who take slots of max_connections, and walsenders, who take those of max_wal_senders; the function, as in the probe sessions, without the joins of the view.
select
    a.datid as dbid,
    a.usesysid as userid,
    nullif(a.application_name, '') as application,
    host(a.client_addr) as client,
    a.backend_type,
    a.state,
    count(*)::int4 as connections,
    extract(epoch from max(clock_timestamp() - a.state_change))::float8 as longest_state,
    extract(epoch from max(clock_timestamp() - a.xact_start))::float8 as longest_xact,
    max(age(a.backend_xmin)) as oldest_xmin,
    current_setting('max_connections')::int4 as max_connections,
    current_setting('superuser_reserved_connections')::int4
        -- reserved_connections came with 16
        + coalesce(current_setting('reserved_connections', true), '0')::int4 as reserved_connections
from pg_stat_get_activity(null) a
where a.backend_type in ('client backend', 'walsender')
group by 1, 2, 3, 4, 5, 6
