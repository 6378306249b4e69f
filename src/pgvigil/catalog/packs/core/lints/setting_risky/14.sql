select
    'setting ' || s.name as key,
    'critical' as severity,
    s.name as subject,
    format('%s is off.', s.name) as detail,
    format('alter system set %s = on;', s.name) as remedy
from pg_settings s
where s.name in ('fsync', 'full_page_writes', 'autovacuum', 'track_counts') and s.setting = 'off'
