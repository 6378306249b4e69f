-- How many connections ordinary roles may still open. Walsenders take none of max_connections, they have max_wal_senders.
-- Without pg_read_all_stats the backend_type of others is NULL: of those, the server's own have no role or no database.
select
    current_setting('max_connections')::int4
        - current_setting('superuser_reserved_connections')::int4
        - coalesce(current_setting('reserved_connections', true)::int4, 0) as slots,
    (
        select count(*) from pg_stat_get_activity(null) a
        where a.backend_type = 'client backend'
            or (a.backend_type is null and a.usesysid is not null and a.datid is not null)
    )::int4 as used
