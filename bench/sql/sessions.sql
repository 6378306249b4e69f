-- Sessions of one role, and when each last changed what it does.
SELECT pid, extract(epoch FROM state_change)::float8 FROM pg_stat_activity WHERE usename = %(role)s
