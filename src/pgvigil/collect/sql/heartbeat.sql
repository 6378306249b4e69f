-- The server's clock, whether we see what other roles do, and whether a lock on the catalog would make the probes fail.
-- Looking at the locks takes none: in a session that asked once before, nothing here opens a catalog.
-- 1247 to 1262: pg_type, pg_attribute, pg_proc, pg_class, pg_authid, pg_auth_members, pg_database.
select
    clock_timestamp() as server_now,
    pg_has_role('pg_read_all_stats', 'usage') as sees_all,
    (
        select min(
            case l.relation
                when 1247 then 'pg_type' when 1249 then 'pg_attribute' when 1255 then 'pg_proc'
                when 1259 then 'pg_class' when 1260 then 'pg_authid' when 1261 then 'pg_auth_members'
                else 'pg_database'
            end
        )
        from pg_lock_status() l
        where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock'
            and l.relation in (1247, 1249, 1255, 1259, 1260, 1261, 1262)
    ) as locked
