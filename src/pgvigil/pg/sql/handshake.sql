-- Who answers, and with which limits the backend was started: a pooler may pass none on, or give another backend.
select pg_catalog.pg_backend_pid() as backend_pid, s.name, s.reset_val
from pg_catalog.pg_settings as s
where s.name in ('lock_timeout', 'statement_timeout', 'search_path')
