-- How many connections ordinary roles may still open.
select
    current_setting('max_connections')::int4
        - current_setting('superuser_reserved_connections')::int4
        - coalesce(current_setting('reserved_connections', true)::int4, 0) as slots,
    (select count(*) from pg_stat_get_activity(null) a where a.backend_type in ('client backend', 'walsender'))::int4
        as used
