-- What our own session sets says nothing of the server. A value set for the transaction (source session) stands over
-- the one that other sessions begin with, which is then the reset value; where even that is ours (from the connection,
-- or from ALTER ROLE or ALTER DATABASE) the server's value cannot be seen and the row is left out.
select
    s.name,
    case s.source when 'session' then s.reset_val else s.setting end as value,
    s.unit,
    nullif(s.source, 'session') as source,
    s.pending_restart
from pg_show_all_settings() s
where s.source not in ('client', 'user', 'database', 'database user')
