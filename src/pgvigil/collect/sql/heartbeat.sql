-- The server's clock, which start of which server answers, whether we see what other roles do, what decides which of our statements the server logs, and
-- whether a lock on the catalog would make the probes fail.
-- Looking at the locks takes none: in a session that asked once before, nothing here opens a catalog. A lock in another
-- database stops nobody here; 0 is what all share. The numbers: a catalog's own, then those of its indexes. Our database
-- is not asked of pg_stat_get_activity: a role that lost the right to it loses the sessions, and not all the rest.
select
    clock_timestamp() as server_now,
    pg_postmaster_start_time() as started_at,
    pg_has_role('pg_read_all_stats', 'usage') as sees_all,
    concat_ws(
        '|',
        current_setting('log_statement'),
        current_setting('log_min_duration_statement'),
        current_setting('log_min_duration_sample'),
        current_setting('log_statement_sample_rate'),
        current_setting('log_transaction_sample_rate'),
        current_setting('log_parameter_max_length'),
        current_setting('log_parameter_max_length_on_error'),
        current_setting('auto_explain.log_min_duration', true),
        current_setting('auto_explain.log_parameter_max_length', true),
        current_setting('pgaudit.log', true),
        current_setting('pgaudit.log_parameter', true)
    ) as logging,
    (
        select min(c.name)
        from pg_lock_status() l
        join (
            values
                ('pg_type', '{1247,2703,2704}'::oid[]),
                ('pg_attribute', '{1249,2658,2659}'),
                ('pg_proc', '{1255,2690,2691}'),
                ('pg_class', '{1259,2662,2663,3455}'),
                ('pg_authid', '{1260,2676,2677}'),
                ('pg_auth_members', '{1261,2694,2695,6302,6303}'),
                ('pg_database', '{1262,2671,2672}')
        ) c (name, relations) on l.relation = any (c.relations)
        where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock'
            and (
                l.database = 0
                or l.database = (
                    select pg_stat_get_backend_dbid(b.id) from pg_stat_get_backend_idset() b (id)
                    where pg_stat_get_backend_pid(b.id) = pg_backend_pid()
                )
            )
    ) as locked
