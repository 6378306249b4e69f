-- Who answers, and with which limits the backend was started: a pooler may pass none on, or give another backend.
select pg_catalog.pg_backend_pid() as backend_pid, s.name, s.reset_val
from pg_catalog.pg_settings as s
where s.name in (
  'default_transaction_read_only', 'lock_timeout', 'plan_cache_mode', 'search_path', 'statement_timeout'
)
