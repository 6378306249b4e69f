select
    'archiving' as key,
    'warning' as severity,
    null::text as subject,
    format('Archiving failed %s times, last at %s.', a.failed_count, a.last_failed_time) as detail,
    null::text as remedy
from pg_stat_archiver a
where a.last_failed_time > coalesce(a.last_archived_time, '-infinity')
