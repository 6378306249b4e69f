-- What our own session sets says nothing of the server, not even as reset value: such a row is left out, whether it was
-- set for the transaction, on connecting, or by ALTER ROLE and ALTER DATABASE.
select
    s.name,
    s.setting as value,
    s.unit,
    s.source,
    s.pending_restart
from pg_show_all_settings() s
where s.source not in ('session', 'client', 'user', 'database', 'database user')
