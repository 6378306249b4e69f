-- A role that sees what pgvigil needs and can change nothing.
-- To be run by a superuser, or by a role with CREATEROLE that may pass on pg_monitor.
CREATE ROLE {role} LOGIN CONNECTION LIMIT {connection_limit} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;
GRANT pg_monitor TO {role};
ALTER ROLE {role} SET default_transaction_read_only = on;
ALTER ROLE {role} SET lock_timeout = '50ms';
ALTER ROLE {role} SET statement_timeout = '10s';
ALTER ROLE {role} SET idle_in_transaction_session_timeout = '10s';
-- Then give it a password, in psql with: \password {role}

-- Superusers only: keep pgvigil's own statements, and the numbers it sends with them, out of the server's log.
ALTER ROLE {role} SET log_statement = 'none';
ALTER ROLE {role} SET log_duration = off;
ALTER ROLE {role} SET log_min_duration_statement = -1;
ALTER ROLE {role} SET log_min_duration_sample = -1;
ALTER ROLE {role} SET log_parameter_max_length = 0;

-- Superusers only, where auto_explain is loaded:
--   ALTER ROLE {role} SET auto_explain.log_min_duration = -1;
-- Superusers only, where pgaudit is loaded:
--   ALTER ROLE {role} SET pgaudit.log = 'none';
