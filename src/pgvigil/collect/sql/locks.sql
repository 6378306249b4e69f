-- Whether anybody holds, or waits for, a lock that stops reading. Looking at the locks takes none.
select exists (
    select from pg_lock_status() l where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock'
) as locked
