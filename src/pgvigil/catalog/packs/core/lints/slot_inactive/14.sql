-- How far back a slot holds is told from the server's own place in the WAL, which a standby tells otherwise.
select
    'slot ' || s.slot_name as key,
    case when s.wal_status in ('unreserved', 'lost') then 'critical' else 'warning' end as severity,
    s.slot_name::text as subject,
    format('Slot %s is %s, holds back %s and its WAL is %s.', s.slot_name,
        case when s.active then 'active' else 'not active' end,
        coalesce(pg_size_pretty(held.bytes), 'an unknown amount'), coalesce(s.wal_status, 'not reserved')) as detail,
    case when not s.active then format('select pg_drop_replication_slot(%L);', s.slot_name) end as remedy
from pg_replication_slots s
cross join lateral (
    select pg_wal_lsn_diff(
        case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, s.restart_lsn
    ) as bytes
) held
where s.wal_status in ('unreserved', 'lost') or held.bytes > 5 * 1024 ^ 3
